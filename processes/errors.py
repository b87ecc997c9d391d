"""The mistakes that all packages tell in the same way."""

from __future__ import annotations


class UserError(Exception):
    """A mistake of whoever starts a command, calls the library or edits the grammar: one sentence that names the value,
    the bound and the cure. A command ends with status 2 for it."""

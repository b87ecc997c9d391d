"""What can go wrong, and whose fault it is: the user's, a draw's, or (anything else) ours."""

from __future__ import annotations


class UserError(Exception):
    """A mistake of whoever runs the program or edits the grammar: one sentence with value, bound and cure."""


class GrammarError(UserError):
    """A production is malformed; the message starts with its file and line."""


class ProfileError(UserError):
    """A profile cannot be read, or asks for what the grammar does not have."""


class Rejected(Exception):
    """A draw that did not end in a program."""

    def __init__(self, reason: str, production: str = "") -> None:
        super().__init__(f"{production}: {reason}" if production else reason)
        self.reason = reason
        self.production = production

"""The error of a user's mistake."""


class UserError(ValueError):
    """A mistake of the caller: one sentence that names the value, the bound and the cure."""

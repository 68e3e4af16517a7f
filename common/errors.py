"""Errors that a user can act on; a command shows their text and no stack trace."""


class PolyrankError(Exception):
    """Something the user can mend: says where, the value got, the value wanted, what to do."""


class BadDataError(PolyrankError):
    """The logged impressions break their contract, or their statistics its limits."""

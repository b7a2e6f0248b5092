"""The one error that the command line turns into one line and exit status 2."""


class UserError(Exception):
    """What was wrong and what is accepted, in one line."""

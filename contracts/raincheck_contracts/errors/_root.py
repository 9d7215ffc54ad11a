"""The root of the error tree."""


class RaincheckError(Exception):
    """Root of all errors that Raincheck raises on purpose."""

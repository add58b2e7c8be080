"""What the engine refuses, in sentences a visitor can read."""

from __future__ import annotations


class Refused(ValueError):
    """The request breaks a rule: a bad description, a full queue, somebody else's job."""


class UnknownJob(Refused):
    """No such job: it never was, it has been forgotten, or the engine has been restarted since."""


class Unavailable(RuntimeError):
    """The scheduler does not answer."""

"""Errors a person can do something about, apart from our own bugs.

Every message says what happened and, in ``hint``, what to do next. Anything else that is raised
is a bug and goes to the crash dialog.
"""

from __future__ import annotations


class CrmdeskError(Exception):
    """The root of all expected errors; ``message`` and ``hint`` are shown as they are."""

    def __init__(self, message: str, hint: str = "", *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or type(self).__name__

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UserError(CrmdeskError):
    """Wrong input or a step that is not possible now; nothing was changed (exit code 2)."""


class FieldError(UserError):
    """One field has a value that cannot be taken; shown beside that field."""

    def __init__(self, field: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.field = field


class NotFound(UserError):
    """Something named by the person does not exist in this profile."""


class StaleRevision(UserError):
    """The row has changed since it was read, so the step would overwrite somebody's words."""


class IllegalTransition(UserError):
    """A state cannot be reached from the present one."""


class EnvironmentProblem(CrmdeskError):
    """The machine failed, not the person: disk, locks, files, network (exit code 3)."""


class WrongKey(EnvironmentProblem):
    """The database exists but does not open with this key or passphrase."""


class KeyMissing(EnvironmentProblem):
    """No keyring answers and no passphrase was given."""


class LeaseEnded(EnvironmentProblem):
    """The profile has been away from HQ for too long; a sync unlocks it."""


class NewerFile(EnvironmentProblem):
    """The database was written by a newer version of the program."""


class CorruptFile(EnvironmentProblem):
    """The database file is damaged."""


class DiskFull(EnvironmentProblem):
    """There is no room left; the last complete state is kept."""


class ProfileInUse(EnvironmentProblem):
    """Another process has this profile open."""


class Unreachable(EnvironmentProblem):
    """HQ cannot be reached; the work goes on offline."""


class Refused(CrmdeskError):
    """HQ answered and said no: to this device, this user or this request."""


class Cancelled(CrmdeskError):
    """The person cancelled; silent everywhere."""

    def __init__(self) -> None:
        super().__init__("cancelled")

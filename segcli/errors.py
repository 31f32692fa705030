"""What can go wrong, and the exit code each kind ends in."""

from __future__ import annotations


class SegcliError(Exception):
    """A failure with a message for the user: what was found, what was expected, what to do."""

    exit_code = 1
    code = "error"


class InputError(SegcliError):
    """One input cannot be used; the others go on (exit code 1)."""

    code = "bad-input"


class UsageError(SegcliError):
    """The request itself is impossible, found before any work (exit code 2)."""

    exit_code = 2
    code = "usage"


class SettingError(UsageError):
    """A knob has a value it cannot take. `name` is the knob's Python name."""

    code = "bad-setting"

    def __init__(self, name: str, complaint: str) -> None:
        super().__init__(f"{name} {complaint}")
        self.name = name
        self.complaint = complaint


class EnvironmentFailure(SegcliError):
    """The machine stopped the run: disk full, workers dying (exit code 3)."""

    exit_code = 3
    code = "environment"

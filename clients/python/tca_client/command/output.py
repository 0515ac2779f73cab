"""What the command says about itself: one line each, on standard error, so that the output stays the command's own."""

import sys

from tca_client.credentials import NoCredentials
from tca_client.errors import Forbidden, NotSignedIn, TcaError, Unreachable

FAILED, USAGE = 1, 2
UNAVAILABLE, TIMED_OUT, NOT_ALLOWED, NOT_CONFIGURED = 69, 75, 77, 78  # as in sysexits.h


class TimedOut(TcaError):
    """The deployment could not start in the time given by `--wait`."""


class UsageError(TcaError):
    """The arguments do not fit together."""


def say(line: str) -> None:
    print(f"tca: {line}", file=sys.stderr, flush=True)


def warn(line: str) -> None:
    say(f"Warning: {line}")


def exit_code_of(error: TcaError) -> int:
    if isinstance(error, Unreachable):
        return UNAVAILABLE
    if isinstance(error, TimedOut):
        return TIMED_OUT
    if isinstance(error, UsageError):
        return USAGE
    if isinstance(error, NotSignedIn | Forbidden):
        return NOT_ALLOWED
    return NOT_CONFIGURED if isinstance(error, NoCredentials) else FAILED


def line_of(error: TcaError) -> str:
    return " ".join(str(error).split())

"""Client of the TCA InfraForge console."""

from tca_client.calls import Page, iterate
from tca_client.client import Client
from tca_client.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotAConsole,
    NotFound,
    NotSignedIn,
    PreconditionFailed,
    Problem,
    TcaError,
    TooManyRequests,
    Unreachable,
)

__all__ = [
    "Client",
    "Conflict",
    "Forbidden",
    "Invalid",
    "NotAConsole",
    "NotFound",
    "NotSignedIn",
    "Page",
    "PreconditionFailed",
    "Problem",
    "TcaError",
    "TooManyRequests",
    "Unreachable",
    "iterate",
]

"""Scopes of API tokens. Each scope includes those before it."""

from collections.abc import Iterable
from typing import Literal, get_args

Scope = Literal["read", "deploy", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)


def including(scopes: Iterable[str]) -> frozenset[str]:
    """Return the scopes with all that they include."""
    highest = max((SCOPES.index(scope) for scope in SCOPES if scope in set(scopes)), default=-1)
    return frozenset(SCOPES[: highest + 1])

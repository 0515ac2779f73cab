"""The attributes of a state as a page sees them.

A state declares the type of the value on the server, `rows: list[Row]`; in a page the same attribute is a Reflex var,
an expression for the browser. mypy sees only the declaration, so `as_var(State.rows).length()` tells it
what else it is.
"""

from typing import Any, TypeVar, cast, overload

import reflex as rx
from reflex.event import EventHandler
from reflex.vars import ArrayVar, BooleanVar, NumberVar, ObjectVar, StringVar

K = TypeVar("K")
V = TypeVar("V")


@overload
def as_var(value: bool) -> BooleanVar: ...
@overload
def as_var(value: float) -> NumberVar[float]: ...
@overload
def as_var(value: str) -> StringVar[str]: ...
@overload
def as_var(value: dict[K, V]) -> ObjectVar[dict[K, V]]: ...
@overload
def as_var(value: list[V]) -> ArrayVar[list[V]]: ...
@overload
def as_var(value: V) -> rx.Var[V]: ...
def as_var(value: Any) -> Any:
    """Return `value`, which is a var wherever a page is built."""
    return value


def as_handler(value: Any) -> EventHandler:
    """Return `value`, a handler of a state, which is an event handler wherever a page is built."""
    return cast(EventHandler, value)

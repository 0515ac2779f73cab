"""The order of a list: a column of the caller's choice, and then the id, which makes the order total."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, nulls_last


def order_by(
    keys: Mapping[str, ColumnElement[Any]], sort: str, tie: ColumnElement[Any], nullable: Collection[str] = ()
) -> tuple[ColumnElement[Any], ...]:
    """Returns the ORDER BY of `sort`: a name in `keys`, or another one for `tie` alone, with "-" for descending.

    Empty values of the `nullable` keys are last in both directions. The others are not marked so, because PostgreSQL
    would not use their index.
    """
    name, is_down = sort.removeprefix("-"), sort.startswith("-")
    last = tie.desc() if is_down else tie.asc()
    if name not in keys:
        return (last,)
    key = keys[name]
    first = key.desc() if is_down else key.asc()
    return (nulls_last(first) if name in nullable else first), last

"""The lists that have saved views. Each list's table adds the parser of its URLs."""

from collections.abc import Callable
from typing import Literal

from tca_app.core.errors import Invalid

ViewedList = Literal["projects", "deployments", "users", "tokens", "jobs"]
MAX_QUERY = 2000
_PARSERS: dict[str, Callable[[str], str]] = {}


def add_parser(name: str, parse: Callable[[str], str]) -> None:
    """Keeps the function that returns the known parameters of a query of the list `name`, without its page."""
    _PARSERS[name] = parse


def parsed(name: str, query: str) -> str:
    """Returns the query as the list reads it: unknown parameters and invalid values are dropped."""
    if name not in _PARSERS:
        raise Invalid.at("list", "This list has no saved views.")
    return _PARSERS[name](query)

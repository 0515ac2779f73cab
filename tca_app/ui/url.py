"""Reads the URL of a tab, which a person may have typed and for which a browser may send anything."""

from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel

from tca_app.core.lists.query import MAX_URL, number_in as number_in, values_of as values_of

MAX_SEARCH = 100


def page_url(router_data: dict[str, Any]) -> str:
    """Returns path and query, cut to a maximum length, because parsed URLs are cached."""
    return str(router_data.get("asPath", ""))[:MAX_URL]


def page_path(router_data: dict[str, Any]) -> str:
    """Returns the path without a trailing slash."""
    return page_url(router_data).partition("?")[0].partition("#")[0].rstrip("/")


def fields_of(url: str) -> dict[str, str]:
    """Returns the last value of each query parameter, or nothing when there are too many."""
    return {name: values[-1] for name, values in values_of(url).items()}


def query_of(asked: BaseModel, *without: str) -> str:
    """Returns what is asked as the query of a URL, without defaults and the fields `without`."""
    values = asked.model_dump(mode="json", exclude=set(without), exclude_defaults=True)
    words = {name: str(value).lower() if isinstance(value, bool) else value for name, value in values.items()}
    return urlencode(words, doseq=True)


def query_param(router_data: dict[str, Any], name: str) -> str:
    """Returns the query parameter `name`, or ""."""
    return fields_of(page_url(router_data)).get(name, "")


def record_url(router_data: dict[str, Any], *fields: str) -> str:
    """Returns what identifies the record of a page, like `ui.record.browser_url`: the path and these parameters."""
    return " ".join([page_path(router_data), *(query_param(router_data, field) for field in fields)])


def record_id(router_data: dict[str, Any], pages: str) -> int:
    """Returns the id in the URL of one of the `pages` of a record, such as `/projects/7`, or 0, which no record has."""
    return number_in(page_path(router_data).removeprefix(f"{pages}/"))


def printable(text: str) -> str:
    """Returns the text without characters that a search refuses: a URL or frame made by hand may contain anything."""
    return "".join(character for character in text if character.isprintable()).strip()[:MAX_SEARCH]

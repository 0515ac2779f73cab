"""What the address of a tab says: a person may have typed it, and a browser may send anything in its place."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

MAX_URL = 4000
MAX_FIELDS = 50
MAX_SEARCH = 100


def page_url(router_data: dict[str, Any]) -> str:
    """Path and query, cut: what was read of it is kept for a while."""
    return str(router_data.get("asPath", ""))[:MAX_URL]


def page_path(router_data: dict[str, Any]) -> str:
    """Its path, without a slash at the end."""
    return page_url(router_data).partition("?")[0].partition("#")[0].rstrip("/")


def fields_of(url: str) -> dict[str, str]:
    """The last value of each field of its query; nothing when there are more than anybody needs."""
    try:
        return {name: values[-1] for name, values in parse_qs(urlsplit(url).query, max_num_fields=MAX_FIELDS).items()}
    except ValueError:
        return {}


def query_param(router_data: dict[str, Any], name: str) -> str:
    """What the address says under `name`, "" when it says nothing."""
    return fields_of(page_url(router_data)).get(name, "")


def record_url(router_data: dict[str, Any], *fields: str) -> str:
    """What names the record of a page, as `ui.record.browser_url` has it: the path, and these fields of the query."""
    return " ".join([page_path(router_data), *(query_param(router_data, field) for field in fields)])


def number_in(text: str) -> int:
    """An id that somebody may have typed, 0 when it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def record_id(router_data: dict[str, Any], pages: str) -> int:
    """The id in the address of one of the `pages` about a record, such as `/projects/7`; 0, which no record has, for
    any other address."""
    return number_in(page_path(router_data).removeprefix(f"{pages}/"))


def printable(text: str) -> str:
    """What a search may hold; an address or a frame made by hand may have anything in it."""
    return "".join(character for character in text if character.isprintable()).strip()[:MAX_SEARCH]

"""Parses and checks URLs from users and clients as a browser does, and keeps them as they were typed."""

import re
from posixpath import normpath
from urllib.parse import unquote

from pydantic import AnyHttpUrl, TypeAdapter, ValidationError

from tca_app.core.language.messages import N_, _

MAX_URL = 2000
# The parser follows the URL standard, which drops spaces and reads a backslash as a slash. Neither is ever intended.
_UNCLEAR = re.compile(r"[\s\\\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_START = re.compile("https?://", re.IGNORECASE)
_USER = re.compile("^[^/]*//[^/?#]*@")
_PARSER = TypeAdapter(AnyHttpUrl)


def check_url(value: str, *, may_have_user: bool = False) -> str:
    """Return the URL as it was typed; "" means none. Raises ValueError with the reason."""
    if not value:
        return value
    if len(value) > MAX_URL:
        raise ValueError(_("Use at most {number} characters.", number=MAX_URL))
    if not _START.match(value):
        raise ValueError(N_("Enter a URL that starts with http:// or https://."))
    if _UNCLEAR.search(value):
        raise ValueError(N_("Remove spaces, backslashes and invisible characters from the URL."))
    if _USER.match(value) and not may_have_user:
        raise ValueError(N_("Remove the user name and password from the URL."))
    parse_url(value)
    return value


def parse_url(value: str) -> AnyHttpUrl:
    """Parse a URL. Raises ValueError with the reason."""
    try:
        return _PARSER.validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0].get("ctx", {}).get("error", "it cannot be parsed")
        raise ValueError(_("This URL is not valid: {reason}.", reason=reason)) from None


def host_of(value: str) -> str:
    """Return the host of a checked URL, "" for none. An international name is in its ASCII form."""
    return (parse_url(value).host or "") if value else ""


def link_of(value: str) -> str:
    """Return the URL if it is safe as a link on a page, else "". Stored values are checked again here."""
    try:
        return check_url(value)
    except ValueError:
        return ""


def is_local_path(text: str) -> bool:
    """Whether this is a page of this site: `//host` and the like lead elsewhere, and `/api/` is no page.

    A browser resolves dots and the server decodes the path, so `/%61pi/` and `/x/../api/` are `/api/` too.
    """
    if not text.startswith("/") or text.startswith("//") or not text.isprintable() or len(text) > MAX_URL:
        return False
    path = unquote(text.partition("?")[0].partition("#")[0])
    return "\\" not in path and not normpath(path).lstrip("/").startswith("api/")

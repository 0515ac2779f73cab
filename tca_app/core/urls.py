"""URLs that people and programs enter: parsed as a browser parses them, and kept as they were typed."""

import re

from pydantic import AnyHttpUrl, TypeAdapter, ValidationError

MAX_URL = 2000
# The parser follows the URL standard, which drops blanks and reads a backslash as a slash. Nobody means either.
_UNCLEAR = re.compile(r"[\s\\\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_START = re.compile("https?://", re.IGNORECASE)
_USER = re.compile("^[^/]*//[^/?#]*@")
_PARSER = TypeAdapter(AnyHttpUrl)


def check_url(value: str, *, may_have_user: bool = False) -> str:
    """The URL as it was typed; "" stands for none. Raises ValueError, with what is wrong with it."""
    if not value:
        return value
    if len(value) > MAX_URL:
        raise ValueError(f"Use at most {MAX_URL} characters.")
    if not _START.match(value):
        raise ValueError("Enter a URL that starts with http:// or https://.")
    if _UNCLEAR.search(value):
        raise ValueError("Remove spaces, backslashes and invisible characters from the URL.")
    if _USER.match(value) and not may_have_user:
        raise ValueError("Remove the user name and password from the URL.")
    parse_url(value)
    return value


def parse_url(value: str) -> AnyHttpUrl:
    """The parts of a URL. Raises ValueError, with what is wrong with it."""
    try:
        return _PARSER.validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0].get("ctx", {}).get("error", "it cannot be parsed")
        raise ValueError(f"This URL is not valid: {reason}.") from None


def host_of(value: str) -> str:
    """The host of a URL that was checked, "" for none. An international name is in its ASCII form."""
    return (parse_url(value).host or "") if value else ""


def link_of(value: str) -> str:
    """The URL if it may be a link on a page, else "": a link does not depend on what some script stored."""
    try:
        return check_url(value)
    except ValueError:
        return ""

"""Messages in the language of the person whom the running event, request or mail is for. The sources are English."""

import gettext
import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tca_app.core.region.formats import number
from tca_app.core.region.locales import ENGLISH as ENGLISH

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

FOLDER = Path(__file__).resolve().parents[2] / "languages"
DOMAIN = "console"
LanguageName = Literal["en", "de"]
LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}  # each by its own name

_language: ContextVar[str | None] = ContextVar("tca_language", default=None)


def language() -> str:
    return _language.get() or ENGLISH


def is_speaking() -> bool:
    """Returns whether there is a person who reads the answer: within an event, not while pages are compiled."""
    return _language.get() is not None


def speak(chosen: str) -> None:
    """Sets the language of the running event or request."""
    _language.set(chosen)


@contextmanager
def speaking(chosen: str | None) -> Iterator[None]:
    """Sets the language within a block, such as that of the recipient of a mail. None is English."""
    mark = _language.set(chosen or ENGLISH)
    try:
        yield
    finally:
        _language.reset(mark)


def _(message: str, **values: object) -> str:
    """Returns the message in the language of the person, with the values in place of `{name}`."""
    text = message
    if message and language() != ENGLISH:
        text = catalogue(language()).gettext(message)
    return text.format(**values) if values else text


def ngettext(one: str, many: str, count: int, **values: object) -> str:
    """Returns the message in the plural form for `count`, which is a value too."""
    text = one if count == 1 else many
    if language() != ENGLISH:
        text = catalogue(language()).ngettext(one, many, count)
    return text.format(count=number(count), **values)


def N_(message: str) -> str:
    """Marks a message of a constant for the catalogues. `_` or `t` translates it where it is shown."""
    return message


def nN_(one: str, many: str) -> tuple[str, str]:
    """Marks a message with a number, for `ngettext` later."""
    return one, many


def short_day(day: date) -> str:
    """Returns "Nov 4", or "4. Nov." in German."""
    if language() == ENGLISH:
        return f"{day:%b} {day.day}"
    formatted: str = import_module("babel.dates").format_skeleton("MMMd", day, locale=language())
    return formatted


def read_catalogue(name: str) -> "Catalog":
    """Returns the catalogue of a language as Babel reads it. Babel is imported when it is needed: English is not."""
    with (FOLDER / name / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        read: Catalog = import_module("babel.messages.pofile").read_po(file, locale=name, domain=DOMAIN)
    return read


@cache
def catalogue(name: str) -> gettext.NullTranslations:
    """Returns the messages of a language. Those that are not translated are English."""
    compiled = io.BytesIO()
    import_module("babel.messages.mofile").write_mo(compiled, read_catalogue(name))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)

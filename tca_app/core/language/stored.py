"""Texts that the database has in English, such as the result of a check, in the language of the person who reads them.

A module names them as constants, `_DOWN = stored("{part} is down")`, and writes them with `_DOWN.format(part=…)`.
"""

import re
from datetime import datetime
from functools import cache

from tca_app.core.language.messages import ENGLISH, _, language, ngettext
from tca_app.core.region.formats import ZONE, moment_text, offset_words

Plural = tuple[str, str]

_UTC_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d \d\d:\d\d) UTC\b")
_NAME = re.compile(r"\{(\w+)\}")
_names: set[str] = set()
_plurals: dict[str, Plural] = {}  # each form to both
_messages: dict[str, None] = {}


@cache
def _longest_first() -> list[str]:
    """Returns the messages, those with the most words of their own first, as "{seconds} s" fits much."""
    return sorted((*_messages, *_plurals), key=lambda message: -len(_NAME.sub("", message)))


def stored(message: str) -> str:
    """Marks a message that is stored in English, with its values in place."""
    _messages[message] = None
    _longest_first.cache_clear()
    return message


def stored_name(message: str) -> str:
    """Marks a name that is stored in English, such as that of a component of the console."""
    _names.add(message)
    return message


def stored_plural(one: str, many: str) -> Plural:
    """Marks a message with a `{count}` that is stored in English. `counted` writes it."""
    _plurals[one] = _plurals[many] = (one, many)
    _longest_first.cache_clear()
    return one, many


def stored_text(text: str) -> str:
    """Returns a text that the console stored, in the language of the person. One that no module named stays as it is.

    Its times, "2026-05-04 09:58 UTC", are in their time zone. It is for fields that only the console writes: what a
    person wrote may resemble such a text.
    """
    return _UTC_TIME.sub(_local_time, _shown(text, is_value=False))


def _local_time(found: re.Match[str]) -> str:
    try:
        local = datetime.fromisoformat(f"{found[1]}+00:00").astimezone(ZONE.get())
    except ValueError:
        return found[0]
    return f"{moment_text(local)} {offset_words(local)}"


def name_text(name: str) -> str:
    """Returns a name in the language of the person, if it is one of the console. Names of people's things stay."""
    return _(name) if name in _names else name


def _shown(text: str, *, is_value: bool) -> str:
    if not text or language() == ENGLISH:
        return text
    if text in _messages:
        return _(text)
    for message in _longest_first():
        values = _values_in(text, message)
        if values and (translated := _translated(message, values, are_texts=not is_value)):
            return translated
    return text


def _translated(message: str, values: dict[str, str], *, are_texts: bool) -> str:
    """Returns the message in the language. Its values may be such texts, whose own values are not: "12 s behind"."""
    shown = {name: _shown(value, is_value=True) if are_texts else value for name, value in values.items()}
    if message in _messages:
        return _(message, **shown)
    count = shown.pop("count").replace(",", "")
    return ngettext(*_plurals[message], int(count), **shown) if count.isascii() and count.isdigit() else ""


def _values_in(text: str, message: str) -> dict[str, str]:
    """Returns the values in a text that was written with the message, or none. The time is linear in the text."""
    first, *rest = _NAME.split(message)
    names, literals = rest[::2], rest[1::2]
    if not names or not text.startswith(first) or not text.endswith(literals[-1]):
        return {}
    values, at = {}, len(first)
    for index, (name, literal) in enumerate(zip(names, literals, strict=True)):
        is_last = index == len(names) - 1
        end = len(text) - len(literal) if is_last else text.find(literal, at + 1)
        if end <= at:
            return {}
        values[name], at = text[at:end], end + len(literal)
    return values

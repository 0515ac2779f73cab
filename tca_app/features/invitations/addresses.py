"""Reads email addresses from text that people paste: any separators, and "Name <address>"."""

import re
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from tca_app.core.errors import Invalid
from tca_app.core.language.messages import _, ngettext
from tca_app.core.schema import Email
from tca_app.features.invitations.schemas import MAX_ADDRESSES

MAX_TEXT = 10_000
_SHOWN = 10  # of the faulty addresses of one text
_QUOTED = re.compile(r'"[^"\n]*"')
_SEPARATOR = re.compile(r"[,;\r\n]+")
_BRACKETED = re.compile(r"<([^<>]*)>")
_email: TypeAdapter[str] = TypeAdapter(Email)


class Addresses(NamedTuple):
    """The addresses of a text, each once and in its order, and the words that are none."""

    good: list[str]
    bad: list[str]


def addresses_in(text: str) -> list[str]:
    """Returns the addresses. Raises Invalid at `emails` that names every word which is none."""
    if len(text) > MAX_TEXT:
        raise Invalid.at("emails", _("Use at most {max_text} characters.", max_text=f"{MAX_TEXT:,}"))
    found = split_addresses(text)
    if found.bad:
        rest = f" and {len(found.bad) - _SHOWN} more" if len(found.bad) > _SHOWN else ""
        raise Invalid.at(
            "emails", _("Not an email address: {bad}{rest}.", bad=", ".join(found.bad[:_SHOWN]), rest=rest)
        )
    if not found.good:
        raise Invalid.at("emails", _("Required."))
    if len(found.good) > MAX_ADDRESSES:
        raise Invalid.at(
            "emails",
            ngettext(
                "Invite at most {count} address at once.", "Invite at most {count} addresses at once.", MAX_ADDRESSES
            ),
        )
    return found.good


def split_addresses(text: str) -> Addresses:
    """A name in quotes or before an address in angle brackets is left out."""
    good: dict[str, None] = {}
    bad: dict[str, None] = {}
    for part in _SEPARATOR.split(_QUOTED.sub(" ", text)):
        for word in _words(part):
            try:
                good[_email.validate_python(word)] = None
            except ValidationError:
                bad[word] = None
    return Addresses(list(good), list(bad))


def _words(part: str) -> list[str]:
    bracketed = [inner.strip() for inner in _BRACKETED.findall(part)]
    others = _BRACKETED.sub(" ", part).split()
    if bracketed:
        others = [word for word in others if "@" in word]
    return [word for word in (*others, *bracketed) if word]

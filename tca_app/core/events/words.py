"""The values of an event as its reader writes them, for a sentence with them. The log has them in English."""

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from tca_app.core.language.messages import ENGLISH, N_, _, language, ngettext
from tca_app.core.language.stored import name_text, stored_text
from tca_app.core.region.formats import LOCALE, UTC_ZONE, ZONE, day_text
from tca_app.core.region.locales import ISO
from tca_app.core.region.spans import span_words

_WORDS: dict[str, dict[str, str]] = {
    "role": {
        "viewer": N_("Viewer"),
        "deployer": N_("Deployer"),
        "maintainer": N_("Maintainer"),
        "owner": N_("Owner"),
    },
    "severity": {"minor": N_("Minor"), "major": N_("Major"), "critical": N_("Critical")},
    "status": {
        "investigating": N_("Investigating"),
        "identified": N_("Identified"),
        "monitoring": N_("Monitoring"),
        "resolved": N_("Resolved"),
    },
    "environment": {"everything": N_("everything")},
    "kind": {"authenticator app": N_("Authenticator app"), "passkey": N_("Passkey")},
}
_SHORT = (N_("less than a day"), N_("under 1 min"))
_DAYS = re.compile(r"^([\d,]{1,9}) days?\b")
TIMES = frozenset({"expires_on", "window"})  # the fields that `spoken` writes in the time zone of the reader


def reads_the_log() -> bool:
    """Returns whether the reader has what the log has: English, UTC and ISO 8601."""
    return language() == ENGLISH and ZONE.get() == UTC_ZONE and LOCALE.get() is ISO


def spoken(data: Mapping[str, Any], own_texts: Collection[str] = ()) -> Mapping[str, Any]:
    """Returns the fields of an event in the language, the time zone and the format of the reader.

    `own_texts` are the fields that the console wrote; what people wrote stays as it is. English is what the log has, so
    only the times change for its readers.
    """
    if reads_the_log():
        return data
    if language() == ENGLISH:
        return {**data, **_times(data)}
    values = {name: _word(name, value) for name, value in data.items()}
    for name in ("lasted", "left"):
        if isinstance(data.get(name), str):
            values[name] = duration(data[name])
    values |= {name: stored_text(data[name]) for name in own_texts if name in data}
    return {**values, **_times(data)}


def _times(data: Mapping[str, Any]) -> dict[str, str]:
    """Returns the fields of `TIMES`. Without the exact time, the day on which something expires is that of UTC."""
    times = {}
    if "expires_on" in data:
        at = data.get("expires_at")
        day = datetime.fromisoformat(at).astimezone(ZONE.get()) if at else date.fromisoformat(data["expires_on"])
        times["expires_on"] = day_text(day)
    if "window" in data:
        starts_at, ends_at = datetime.fromisoformat(data["starts_at"]), datetime.fromisoformat(data["ends_at"])
        times["window"] = span_words(starts_at, ends_at, ZONE.get())
    return times


def spoken_subject(subject_type: str, subject: str, data: Mapping[str, Any]) -> str:
    """Returns the name of a subject: of a component of the console, and the "to" of a deployment, in the language."""
    if language() == ENGLISH:
        return subject
    if subject_type == "health_check":
        return name_text(subject)
    environment = data.get("environment")
    end = f" to {environment}"
    if subject_type == "deployment" and environment and subject.endswith(end):
        return _("{deployment} to {environment}", deployment=subject.removesuffix(end), environment=environment)
    return subject


def _word(name: str, value: object) -> object:
    word = _WORDS.get(name, {}).get(value) if isinstance(value, str) else None
    return _(word) if word else value


def duration(english: str) -> str:
    """Returns a time such as "3 days 4 h" or "less than a day" in the language of the reader."""
    if english in _SHORT:
        return _(english)
    return _DAYS.sub(
        lambda found: ngettext("{count} day", "{count} days", int(found[1].replace(",", ""))), english, count=1
    )

"""Texts that the database has in English are shown in the language of the reader."""

from zoneinfo import ZoneInfo

import pytest

from tca_app.core.events.log import sentence
from tca_app.core.events.words import spoken_subject
from tca_app.core.language.messages import _, speaking
from tca_app.core.language.stored import name_text, stored_text
from tca_app.core.plurals import counted
from tca_app.core.region.formats import formatting
from tca_app.core.region.locales import LOCALES
from tca_app.features.activity.field_labels import value_text
from tca_app.features.health import details


@pytest.mark.parametrize(
    ("english", "german"),
    [
        (details.EMPTY, "Warteschlange leer"),
        (details.TIMED_OUT.format(seconds=5), "keine Antwort innerhalb von 5 s"),
        (details.JOBS.format(waiting=3, dead=0, lag=details.NO_LAG), "3 wartend, 0 gescheitert, kein Rückstand"),
        (counted(1, details.MAILS.waiting, lag="12 s behind"), "1 E-Mail wartet, 12 s Rückstand"),
        (counted(1204, details.MAILS.failed), "1,204 E-Mails fehlgeschlagen, werden wiederholt"),
        (
            details.BACKUP_FAILED.format(time="2026-05-04 03:00", last=details.NO_BACKUP_YET),
            "fehlgeschlagen (2026-05-04 03:00 UTC), siehe Log; noch kein Backup",
        ),
        (details.DISK.format(share=4, size=100), "4\N{NO-BREAK SPACE}% von 100 GiB frei"),
        ("HTTP 502", "HTTP 502"),
        ("x mails wait, no lag", "x mails wait, no lag"),
        ("what a person wrote", "what a person wrote"),
        ("", ""),
    ],
)
def test_a_stored_text_is_shown_in_the_language_of_the_reader(english: str, german: str) -> None:
    assert stored_text(english) == english
    with speaking("de"):
        assert stored_text(english) == german


def test_a_stored_time_is_in_the_zone_and_the_format_of_the_reader() -> None:
    detail = details.LAST_BACKUP.format(time="2026-05-04 23:30")
    with formatting(ZoneInfo("Europe/Berlin"), LOCALES["en-GB"]):
        assert stored_text(detail) == "last backup at 05/05/2026, 01:30 UTC+2"
    assert stored_text(details.LAST_BACKUP.format(time="2026-13-45 23:30")) == "last backup at 2026-13-45 23:30 UTC"


def test_what_a_person_wrote_stays_as_it_is() -> None:
    refused = {"deployed_version": "1.0.0", "environment": "production", "reason": "queue empty"}
    down = {"reason": "queue empty"}
    with speaking("de"):
        assert name_text("Backup") == "Backup"
        assert name_text("User service") == "Benutzerdienst"
        assert name_text("version staging") == "version staging"  # a project "version" with its environment
        assert "queue empty" in sentence("deployment_refused", actor="ana", subject="shop", data=refused)
        assert "Warteschlange leer" in sentence("health_degraded", actor="", subject="Jobs", data=down)
        assert value_text("description", "responds") == "responds"
        assert value_text("components", ["Jobs", "version 2"]) == "Jobs, version 2"
        assert spoken_subject("health_check", "Disk", {}) == "Festplatte"


def test_a_value_in_a_stored_text_is_no_message() -> None:
    with speaking("de"):
        text = "{0.__class__} {time} cannot be reached ({x})"
        assert stored_text(text) == _("{name} cannot be reached ({error})", name="{0.__class__} {time}", error="{x}")


def test_a_long_text_with_much_that_resembles_ends() -> None:
    with speaking("de"):
        assert len(stored_text("last waiting, dead, cannot be reached (" * 5_000 + ")")) > 100_000

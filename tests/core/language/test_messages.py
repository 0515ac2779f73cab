"""Messages in the language of a person, plural forms, numbers and days."""

from datetime import date

import pytest

from tca_app.core.errors import Forbidden
from tca_app.core.language.messages import LANGUAGES, N_, _, catalogue, language, ngettext, short_day, speaking
from tca_app.core.plurals import time_left


def test_english_is_the_source_and_needs_no_catalogue() -> None:
    assert (language(), _("Sign in"), N_("Sign in")) == ("en", "Sign in", "Sign in")
    assert not catalogue.cache_info().currsize or "en" not in LANGUAGES or _("Sign in") == "Sign in"


def test_a_message_is_in_the_language_of_the_person() -> None:
    with speaking("de"):
        assert _("Sign in") == "Anmelden"
        assert _(N_("Sign out")) == "Abmelden"
        assert _("nobody has translated this") == "nobody has translated this"
        assert _("") == ""  # the entry of a catalogue's header
    assert _("Sign in") == "Sign in"


def test_values_stand_in_the_place_of_their_names_and_are_no_messages() -> None:
    with speaking("de"):
        assert _("Version {version}", version="{0.__class__} <b>") == "Version {0.__class__} <b>"


@pytest.mark.parametrize(
    ("count", "english", "german"),
    [(0, "0 days", "0 Tage"), (1, "1 day", "1 Tag"), (2, "2 days", "2 Tage"), (1204, "1,204 days", "1,204 Tage")],
)
def test_plural_forms_with_numbers_as_the_locale_writes_them(count: int, english: str, german: str) -> None:
    assert ngettext("{count} day", "{count} days", count) == english
    with speaking("de"):
        assert ngettext("{count} day", "{count} days", count) == german


def test_days_are_named_in_the_language() -> None:
    assert short_day(date(2026, 11, 4)) == "Nov 4"
    with speaking("de"):
        assert short_day(date(2026, 11, 4)) == "4. Nov."


def test_an_error_is_in_the_language_in_which_it_was_raised() -> None:
    with speaking("de"):
        error = Forbidden()
    assert str(error) == "Dazu haben Sie keine Berechtigung."
    assert time_left(None) == ""


def test_a_mail_to_somebody_without_a_language_is_english() -> None:
    with speaking("de"), speaking(None):
        assert _("Sign in") == "Sign in"

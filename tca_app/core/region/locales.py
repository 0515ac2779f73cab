"""The locales that a person can choose: how each writes dates, times and numbers, as the browsers do (Unicode CLDR).

Dates are numeric, so that a locale brings no words of another language into a text.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

LocaleTag = Literal[
    "en-US", "en-GB", "en-AU", "en-IE", "en-NZ", "en-ZA", "cs-CZ", "da-DK", "de-CH", "de-DE", "es-ES", "fr-CH", "fr-FR",
    "it-IT", "ja-JP", "nb-NO", "nl-NL", "pl-PL", "pt-BR", "ro-RO", "sv-SE", "tr-TR", "uk-UA", "zh-CN",
]  # fmt: skip
_SPACE, _NARROW, _QUOTE = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "’"


@dataclass(frozen=True, slots=True)
class Locale:
    """How a locale writes dates, times and numbers. `ISO` is that of a viewer who names none.

    `halves`: the words for the two halves of a day, of a clock with 12 hours.
    """

    label: str
    day: str
    thousands: str
    decimal: str
    comma: str = ", "
    clock: str = "%H:%M"
    halves: tuple[str, str] = ("", "")
    percent: str = "{number}%"

    def time(self, at: datetime) -> str:
        return f"{at:{self.clock}}{self.halves[at.hour // 12]}"


_US, _EU = (",", "."), (".", ",")
_APART = f"{{number}}{_SPACE}%"
_TWELVE = {"clock": "%I:%M"}
ISO = Locale("", "%Y-%m-%d", *_US, comma=" ")
LOCALES: dict[LocaleTag, Locale] = {
    "en-US": Locale("English (United States)", "%m/%d/%Y", *_US, **_TWELVE, halves=(" AM", " PM")),
    "en-GB": Locale("English (United Kingdom)", "%d/%m/%Y", *_US),
    "en-AU": Locale("English (Australia)", "%d/%m/%Y", *_US, **_TWELVE, halves=(" am", " pm")),
    "en-IE": Locale("English (Ireland)", "%d/%m/%Y", *_US),
    "en-NZ": Locale("English (New Zealand)", "%d/%m/%Y", *_US, **_TWELVE, halves=(" am", " pm")),
    "en-ZA": Locale("English (South Africa)", "%Y/%m/%d", _SPACE, ","),
    "cs-CZ": Locale("Czech", "%d. %m. %Y", _SPACE, ",", comma=" ", percent=_APART),
    "da-DK": Locale("Danish", "%d.%m.%Y", *_EU, clock="%H.%M", percent=_APART),
    "nl-NL": Locale("Dutch", "%d-%m-%Y", *_EU),
    "fr-FR": Locale("French (France)", "%d/%m/%Y", _NARROW, ",", comma=" ", percent=f"{{number}}{_NARROW}%"),
    "fr-CH": Locale("French (Switzerland)", "%d.%m.%Y", _QUOTE, ",", comma=" "),
    "de-DE": Locale("German (Germany)", "%d.%m.%Y", *_EU, percent=_APART),
    "de-CH": Locale("German (Switzerland)", "%d.%m.%Y", _QUOTE, "."),
    "it-IT": Locale("Italian", "%d/%m/%Y", *_EU),
    "ja-JP": Locale("Japanese", "%Y/%m/%d", *_US, comma=" "),
    "nb-NO": Locale("Norwegian", "%d.%m.%Y", _SPACE, ",", percent=_APART),
    "pl-PL": Locale("Polish", "%d.%m.%Y", _SPACE, ","),
    "pt-BR": Locale("Portuguese (Brazil)", "%d/%m/%Y", *_EU),
    "ro-RO": Locale("Romanian", "%d.%m.%Y", *_EU, percent=_APART),
    "zh-CN": Locale("Chinese", "%Y/%m/%d", *_US, comma=" "),
    "es-ES": Locale("Spanish", "%d/%m/%Y", *_EU, percent=_APART),
    "sv-SE": Locale("Swedish", "%Y-%m-%d", _SPACE, ",", comma=" ", percent=_APART),
    "tr-TR": Locale("Turkish", "%d.%m.%Y", *_EU, comma=" ", percent="%{number}"),
    "uk-UA": Locale("Ukrainian", "%d.%m.%Y", _SPACE, ","),
}


ENGLISH = "en"


def locale_in(language: str, browser: str = "") -> Locale:
    """Return the locale of texts in a language for a reader who chose none: the browser's, where it is one of it.

    English has several, so its readers get the one of their browser, or ISO 8601.
    """
    is_own = language == ENGLISH or browser.partition("-")[0].lower() == language
    return locale_of(browser if is_own else language)


def locale_of(tag: str | None) -> Locale:
    """Return the locale of a tag, such as "de-AT" of a browser: that one, or another of its language, or ISO 8601."""
    tag = tag or ""
    same_language = (known for known in LOCALES if known.partition("-")[0] == tag.partition("-")[0].lower())
    found = next((known for known in LOCALES if known == tag), None) or next(same_language, None)
    return LOCALES[found] if found else ISO

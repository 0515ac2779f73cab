"""A visitor without an account: the language that the URL names, or that of the browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tca_app.core.instance import instance_settings
from tca_app.core.language.choice import browser_language
from tca_app.core.language.messages import LANGUAGES, speaking
from tca_app.core.region.formats import first_zone, formatting
from tca_app.core.region.locales import locale_in


@dataclass(frozen=True, slots=True)
class Visitor:
    """`is_chosen`: the URL names the language, and so do the links to other pages."""

    language: str
    is_chosen: bool = False

    @property
    def suffix(self) -> str:
        return f"?language={self.language}" if self.is_chosen else ""

    @property
    def other_languages(self) -> list[tuple[str, str]]:
        """The languages to which a page leads, each by its own name."""
        return [(name, label) for name, label in LANGUAGES.items() if name != self.language]

    @contextmanager
    def addressed(self) -> Iterator[None]:
        """Makes what the block writes be in their language and its format, in the zone of the instance."""
        zone = first_zone(instance_settings().time_zone)
        with speaking(self.language), formatting(zone, locale_in(self.language)):
            yield


def visitor_for(chosen: str, cookies: str, accepted: str) -> Visitor:
    """Returns the visitor of a URL with this language, or "", and of a browser with these headers."""
    if chosen in LANGUAGES:
        return Visitor(chosen, is_chosen=True)
    return Visitor(browser_language(cookies, accepted))

"""The recipient of a mail, and the language, time zone and format in which it is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tca_app.core.instance import instance_settings
from tca_app.core.language.messages import speaking
from tca_app.core.region.formats import first_zone, formatting, time_words
from tca_app.core.region.locales import Locale, locale_in, locale_of
from tca_app.core.region.spans import span_words


def zone_of_reader(chosen: str | None) -> ZoneInfo:
    """Returns the zone that a person chose, or that of the instance: a mail knows no browser."""
    return first_zone(chosen, instance_settings().time_zone)


@dataclass(frozen=True, slots=True)
class Reader:
    """The recipient of a mail. What they have not chosen is as the instance has it."""

    id: int
    email: str
    username: str
    full_name: str
    time_zone: str | None = None
    locale: str | None = None
    language: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        return zone_of_reader(self.time_zone)

    @property
    def speaks(self) -> str:
        return self.language or instance_settings().language

    @property
    def format(self) -> Locale:
        """Their own, or that of their language."""
        return locale_of(self.locale) if self.locale else locale_in(self.speaks)

    @contextmanager
    def addressed(self) -> Iterator[None]:
        """Makes what the block writes be in their language, time zone and format."""
        with speaking(self.speaks), formatting(self.zone, self.format):
            yield

    def time(self, iso: str) -> str:
        return time_words(datetime.fromisoformat(iso), self.zone, self.format)

    def span(self, starts_at: str, ends_at: str) -> str:
        starts, ends = datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at)
        return span_words(starts, ends, self.zone, self.format)


EVERYBODY = Reader(0, "", "", "")  # of a channel, whose readers the console does not know

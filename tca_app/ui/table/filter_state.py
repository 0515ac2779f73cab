"""The state of the filters of a list: what is chosen, the menu that is open, and the chips of what is in force."""

from collections.abc import AsyncGenerator
from datetime import date, datetime, timedelta
from typing import ClassVar, TypedDict

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading
from tca_app.core.errors import Invalid
from tca_app.core.facets import Facets
from tca_app.core.filters import FIRST_MOMENT, LAST_MOMENT
from tca_app.core.language.messages import _
from tca_app.core.lists.query import PROJECT, Choice, TableQuery, TableSpec
from tca_app.core.region.formats import day_text, number
from tca_app.features.projects.labels import distinct_labels
from tca_app.features.projects.refs import read_refs
from tca_app.features.projects.schemas import ProjectRef
from tca_app.ui.components.faces import Face, Mark, face_of, mark_of
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionMixin
from tca_app.ui.url import page_url, printable
from tca_app.ui.zone import start_of, zone_of


class Option(TypedDict):
    """A line of the menu of a filter, with the mark of a project or the face of a person."""

    value: str
    label: str
    count: str
    is_on: bool
    mark: Mark
    face: Face


class Chip(TypedDict):
    """A filter in force. A click removes `value` from the parameter `key` of the URL."""

    key: str
    value: str
    text: str


class FilterState(SessionMixin, mixin=True):
    """Mixin for a list with filters. The feature sets `_spec`, and for choices implements `_facet` and `_names`."""

    filters: dict[str, str] = {}
    since: str = ""
    until: str = ""
    chips: list[Chip] = []
    chosen_counts: dict[str, int] = {}
    open_filter: str = ""
    options: list[Option] = []
    option_search: str = ""
    is_loading_options: bool = False

    _spec: ClassVar[TableSpec]

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        """Returns the values of a choice with their counts. Implemented by the feature."""
        raise NotImplementedError

    async def _names(self, session: Session, actor: Actor, key: str, ids: list[int]) -> dict[str, str]:
        """Returns the names of the ids of a searchable choice. Implemented by the feature."""
        raise NotImplementedError

    def _filter_query(self) -> TableQuery:
        return TableQuery.of(self._spec, page_url(self.router_data))

    def _span(self, query: TableQuery) -> dict[str, datetime | None]:
        """Returns the days of a query as times: midnight in the viewer's time zone, with the last day as a whole.

        The first and the last day of all may begin or end beyond the years that REST accepts.
        """
        zone = zone_of(self.router_data)
        days = {
            "since": date.fromisoformat(query.since) if query.since else None,
            "until": date.fromisoformat(query.until) + timedelta(days=1) if query.until else None,
        }
        return {
            name: min(max(start_of(day, zone), FIRST_MOMENT), LAST_MOMENT) if day else None
            for name, day in days.items()
        }

    async def _keep_filters(self, session: Session, query: TableQuery) -> None:
        """Shows the filters of a query, and reads the names of what they name by its id."""
        chips = [
            Chip(key=choice.key, value=value, text=f"{_(choice.label)}: {label}")
            for choice in self._spec.choices
            if query.chosen[choice.key] != choice.default
            for value, label in (await self._labels(session, choice, query.chosen[choice.key])).items()
        ]
        chips += [
            Chip(key=entry.key, value=query.filters[entry.key], text=_(dict(entry.options)[query.filters[entry.key]]))
            for entry in self._spec.filters
            if entry.is_hidden and query.filters[entry.key]
        ]
        chips += [
            Chip(key=key, value=day, text=f"{_(self._spec.dates)} {word} {_day_text(day)}")
            for key, word, day in (("since", _("from"), query.since), ("until", _("until"), query.until))
            if day
        ]
        chips += [
            Chip(key=entry.key, value=day, text=_("{label} {day} (UTC)", label=_(entry.label), day=_day_text(day)))
            for entry in self._spec.utc_days
            if (day := query.filters[entry.key])
        ]
        counts = {key: len(values) for key, values in query.chosen.items()}
        counts["dates"] = bool(query.since) + bool(query.until)
        if (self.filters, self.chips, self.chosen_counts) != (query.filters, chips, counts):
            self.filters, self.chips, self.chosen_counts = dict(query.filters), chips, counts
        if (self.since, self.until) != (query.since, query.until):
            self.since, self.until = query.since, query.until
        if self.open_filter and self.options:
            values = query.chosen.get(self.open_filter, ())
            self.options = [Option(**{**option, "is_on": option["value"] in values}) for option in self.options]

    async def _labels(self, session: Session, choice: Choice, values: tuple[str, ...]) -> dict[str, str]:
        if not values:
            return {}
        labels = {value: _(label) for value, label in (*choice.known_options, *choice.links)}
        if choice.searchable:
            ids = [int(value) for value in values if value not in labels]
            names = await self._names(session, self._as_actor(), choice.key, ids) if ids else {}
            labels |= await distinct_labels(session, names) if choice == PROJECT else names
            return {value: labels.get(value, _("unknown")) for value in values}
        return {value: labels.get(value, value) for value in values}

    @handler("signed_in", supersedes=True)
    async def show_filter(self, key: str, is_open: bool) -> AsyncGenerator[None, None]:
        """Opens the menu of a choice with its values and their counts, or closes it."""
        if not is_open:
            self.open_filter = "" if self.open_filter == key else self.open_filter
            return
        self.open_filter, self.options, self.option_search = key, [], ""
        self.is_loading_options = True
        yield
        try:
            await self._read_options()
        finally:
            self.is_loading_options = False

    @handler("signed_in", supersedes=True)
    async def find_option(self, text: str) -> None:
        self.option_search = printable(text)
        await self._read_options()

    async def _read_options(self) -> None:
        choice = next((choice for choice in self._spec.choices if choice.key == self.open_filter), None)
        if choice is None:
            raise Invalid(_("Unknown filter."))
        query = self._filter_query()
        async with reading() as session:
            facets = await self._facet(session, self._as_actor(), query, choice.key, self.option_search)
            labels = {facet.value: facet.label or facet.value for facet in facets.values}
            refs: dict[int, ProjectRef] = {}
            if choice == PROJECT:
                labels = await distinct_labels(session, labels)
                refs = await read_refs(session, map(int, labels))
        found = {facet.value: facet for facet in facets.values}
        chosen = query.chosen[choice.key]
        if choice.searchable:
            labels |= {value: _(label) for value, label in choice.known_options if value in labels}
        elif choice.known_options:
            shown = {*found, *chosen} if choice.only_counted else dict(choice.known_options)
            labels = {value: _(label) for value, label in choice.known_options if value in shown}
        else:
            labels |= {value: value for value in chosen if value not in labels}
        plus = "+" if facets.capped else ""
        self.options = [
            Option(
                value=value,
                label=label,
                count=f"{number(found[value].count)}{plus}" if value in found else "0",
                is_on=value in chosen,
                mark=mark_of(refs.get(int(value)) if refs else None),
                face=face_of(label, int(value)) if choice.of_people else face_of(""),
            )
            for value, label in labels.items()
        ]


def _day_text(day: str) -> str:
    """Returns a day of a query as the viewer's locale writes it."""
    return day_text(date.fromisoformat(day))

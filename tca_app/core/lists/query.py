"""What the URL of a list may say: search, filters, order and page. It may have been typed by hand."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import parse_qs, urlencode, urlsplit

from tca_app.core.filters import parse_day
from tca_app.core.language.messages import N_
from tca_app.core.schema import MAX_ID, MAX_SEARCH

MAX_URL, MAX_FIELDS = 4000, 50
MAX_CHOSEN, MAX_VALUE = 20, 100
PAGE_SIZES = (25, 50, 100)
MAX_PAGE = 1_000_000
ANY = "any"
Options = tuple[tuple[str, str], ...]


def values_of(url: str) -> dict[str, list[str]]:
    """Returns all values of each query parameter, or nothing when there are too many."""
    try:
        return parse_qs(urlsplit(url).query, max_num_fields=MAX_FIELDS)
    except ValueError:
        return {}


def number_in(text: str) -> int:
    """Returns an id that someone may have typed, or 0 when it is not a number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter above the table. `options` are (value in the URL, label); the empty value means all, or `default`."""

    key: str
    label: str
    options: Options
    default: str = N_("all")
    is_hidden: bool = False  # a parameter of links: no control, only a chip


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter with several values, in a menu with their counts. Without `options` the values come from the rows.

    A `searchable` one has ids as values, beside its `options`, and a search for their names. `links` are values that
    only links use: they have a chip, but no line in the menu. `late_options` are read at each use: not all are known at
    the start. `default` is in force while the URL says nothing; ANY in the URL means all. Of many options that few
    lists have all of, the menu shows those of the rows alone: `only_counted`. The ids of one that is `of_people` are
    those of users.
    """

    key: str
    label: str
    options: Options = ()
    searchable: bool = False
    links: Options = ()
    late_options: Callable[[], Options] | None = None
    default: tuple[str, ...] = ()
    only_counted: bool = False
    of_people: bool = False

    @property
    def known_options(self) -> Options:
        return self.late_options() if self.late_options else self.options

    def allowed(self, given: Iterable[str]) -> tuple[str, ...]:
        """Returns the values of a URL that may be filtered by, without repetitions."""
        known = {value for value, _ in (*self.known_options, *self.links)}
        kept = dict.fromkeys(value for value in given if self._is_value(value, known))
        return tuple(kept)[:MAX_CHOSEN]

    def chosen_in(self, given: list[str] | None) -> tuple[str, ...]:
        """Returns the values that are in force under the values of a URL."""
        kept = self.allowed(given or ())
        return kept if kept or ANY in (given or ()) else self.default

    def in_url(self, chosen: tuple[str, ...]) -> tuple[str, ...]:
        """Returns the values of a URL under which these are in force."""
        return () if chosen == self.default else chosen or (ANY,)

    def _is_value(self, value: str, known: set[str]) -> bool:
        if self.searchable:
            return value in known or 0 < number_in(value) <= MAX_ID
        return value in known if known else value.isprintable() and len(value) <= MAX_VALUE


PROJECT = Choice("project", N_("Project"), searchable=True)  # several projects may have the same name


@dataclass(frozen=True, slots=True)
class UtcDay:
    """A day in UTC that the charts link to: no control, only a chip with `label` and the day."""

    key: str
    label: str


TRASH = Filter("view", N_("View"), (("trash", N_("Trash")),), default=N_("active"))
DELETED_SORTS = ("deleted_at", "deleted_by")  # more orders of the trash, which begins with what was deleted last


@dataclass(frozen=True, slots=True)
class TableSpec:
    """The parameters that the URL of a table may have. Others are ignored."""

    sorts: tuple[str, ...]
    default_sort: str
    filters: tuple[Filter, ...] = ()
    choices: tuple[Choice, ...] = ()
    column_sorts: tuple[str, ...] = ()  # orders by a column that the rows name: "age" allows "age:production"
    name: str = ""  # under which the preferences of the viewer are kept
    optional: tuple[str, ...] = ()  # keys of the columns that may be hidden
    dates: str = ""  # what the days in `since` and `until` are, in the viewer's time zone: "Created"
    utc_days: tuple[UtcDay, ...] = ()  # days of charts, which are in UTC whatever the viewer's time zone
    size: int = PAGE_SIZES[0]  # rows of a page until the viewer chooses another number
    renamed: tuple[tuple[str, str], ...] = ()  # parts of older URLs, and what they are now: "mine=true", "team=mine"

    def current(self, url: str) -> str:
        """Returns a URL with what parts of older URLs are now."""
        path, mark, query = url.partition("?")
        names = dict(self.renamed)
        return path + mark + "&".join(names.get(part, part) for part in query.split("&"))

    def view_of(self, query: str) -> str:
        """Returns the query of a saved view: what the table reads in it, without page and page size."""
        kept = TableQuery.of(self, f"?{query}"[:MAX_URL])
        return replace(kept, page=1, size=self.size).as_url_query(self)

    @property
    def defaults(self) -> dict[str, list[str]]:
        """The values of choices that are in force while the URL says nothing."""
        return {choice.key: list(choice.default) for choice in self.choices if choice.default}

    @property
    def narrowing(self) -> tuple[str, ...]:
        """The parameters of the URL that leave rows out, but for the search."""
        days = ("since", "until") if self.dates else ()
        entries: tuple[Filter | Choice | UtcDay, ...] = (*self.filters, *self.choices, *self.utc_days)
        return (*(entry.key for entry in entries), *days)

    def orders(self, view: str) -> tuple[tuple[str, ...], str]:
        """Returns the orders of the list or its trash, and the one that it begins with."""
        if view == "trash":
            return (*self.sorts, *DELETED_SORTS), f"-{DELETED_SORTS[0]}"
        return self.sorts, self.default_sort

    def allows(self, sort: str, view: str) -> bool:
        """Returns whether the list or its trash has this order."""
        key = sort.removeprefix("-")
        order, _, column = key.partition(":")
        return key in self.orders(view)[0] or (
            order in self.column_sorts and 0 < len(column) <= MAX_VALUE and column.isprintable()
        )


@dataclass(frozen=True, slots=True)
class TableQuery:
    """The query of `_fetch`. `sort` is a key of the spec's `sorts`, prefixed with "-" for descending."""

    search: str = ""
    sort: str = ""
    filters: dict[str, str] = field(default_factory=dict)
    page: int = 1
    size: int = PAGE_SIZES[0]
    chosen: dict[str, tuple[str, ...]] = field(default_factory=dict)
    since: str = ""
    until: str = ""

    @property
    def skip(self) -> int:
        return (self.page - 1) * self.size

    @property
    def limit(self) -> int:
        return self.size

    @classmethod
    @lru_cache(maxsize=1000)
    def of(cls, spec: TableSpec, url: str) -> "TableQuery":
        """Parses a URL. It may be typed by hand or be old, so invalid values fall back to the default."""
        many = values_of(spec.current(url))
        given = {name: values[-1] for name, values in many.items()}
        sort = given.get("sort", "")
        size = _number(given.get("size", ""))
        allowed = {entry.key: {value for value, _ in entry.options} for entry in spec.filters}
        filters = {key: given[key] if given.get(key) in values else "" for key, values in allowed.items()}
        view = filters.get(TRASH.key, "")
        filters |= {entry.key: day_in(given.get(entry.key, "")) for entry in spec.utc_days}
        return cls(
            search=given.get("q", "").replace("\x00", "").strip()[:MAX_SEARCH],
            sort=sort if spec.allows(sort, view) else spec.orders(view)[1],
            filters=filters,
            page=min(max(_number(given.get("page", "")), 1), MAX_PAGE),
            size=size if size in PAGE_SIZES else spec.size,
            chosen={choice.key: choice.chosen_in(many.get(choice.key)) for choice in spec.choices},
            since=day_in(given.get("since", "")) if spec.dates else "",
            until=day_in(given.get("until", "")) if spec.dates else "",
        )

    def as_url_query(self, spec: TableSpec) -> str:
        """Returns the same as the query of a URL, without defaults."""
        _, default_sort = spec.orders(self.filters.get(TRASH.key, ""))
        parts = {
            "q": self.search,
            "sort": "" if self.sort == default_sort else self.sort,
            **self.filters,
            **{choice.key: choice.in_url(self.chosen[choice.key]) for choice in spec.choices},
            "since": self.since,
            "until": self.until,
            "page": str(self.page) if self.page > 1 else "",
            "size": str(self.size) if self.size != spec.size else "",
        }
        return urlencode({name: value for name, value in parts.items() if value}, doseq=True)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def day_in(text: str) -> str:
    """Returns a day of a URL, or "" when it is none."""
    try:
        return parse_day(text).isoformat()
    except ValueError:
        return ""

"""The URL holds the state of a table; invalid values fall back to the default."""

import pytest

from tca_app.core.lists.query import MAX_FIELDS, MAX_URL
from tca_app.ui.table.parts import as_cards
from tca_app.ui.table.state import Choice, Filter, TableQuery, TableSpec
from tca_app.ui.url import fields_of, page_path, page_url

SPEC = TableSpec(
    sorts=("name", "created_at"),
    default_sort="-created_at",
    filters=(Filter("active", "Status", (("true", "Active"), ("false", "Inactive"))),),
)
DEFAULT = TableQuery(sort="-created_at", filters={"active": ""})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/users", DEFAULT),
        ("/users?q=ana&sort=-name&page=3&size=50&active=false", TableQuery("ana", "-name", {"active": "false"}, 3, 50)),
        ("/users?sort=hashed_password&size=7&page=-1&active=maybe", DEFAULT),
        ("/users?page=99999999999999999999&size=x&q=%00", DEFAULT),
        ("/users?page=%C2%B2", DEFAULT),
        ("/users?sort=--name", DEFAULT),
        ("/users?q=" + "a" * 500, TableQuery("a" * 255, "-created_at", {"active": ""})),
        ("/users?q=+%20ana%20&q=bob", TableQuery("bob", "-created_at", {"active": ""})),
        ("", DEFAULT),
    ],
)
def test_a_url_is_read_politely(url: str, expected: TableQuery) -> None:
    assert TableQuery.of(SPEC, url) == expected


@pytest.mark.parametrize(
    "query",
    [DEFAULT, TableQuery("a&b=c %", "name", {"active": "true"}, 4, 100), TableQuery("", "created_at", {"active": ""})],
)
def test_a_query_survives_its_url(query: TableQuery) -> None:
    assert TableQuery.of(SPEC, "/users?" + query.as_url_query(SPEC)) == query


def test_skip_and_limit() -> None:
    query = TableQuery(page=3, size=50)
    assert (query.skip, query.limit) == (100, 50)


def test_what_a_browser_says_of_its_page_is_read_to_a_bound() -> None:
    url = "/users?sort=name&q=" + "a" * 1_000_000
    assert len(page_url({"asPath": url})) == MAX_URL
    assert TableQuery.of(SPEC, page_url({"asPath": url})).sort == "name"
    assert page_url({}) == ""


@pytest.mark.parametrize("path", ["//[x", "/users//7", "http://[", "/users/7"])
def test_a_path_that_is_none_is_taken_as_it_is(path: str) -> None:
    assert page_path({"asPath": f"{path}/?a=1#b"}) == path
    assert fields_of("//[x?a=1") == {}


def test_an_address_with_more_fields_than_anybody_needs_says_nothing() -> None:
    fields = [f"f{number}=1" for number in range(MAX_FIELDS + 1)]
    assert fields_of("/users?" + "&".join(fields)) == {}
    assert fields_of("/users?" + "&".join(fields[1:]))["f1"] == "1"


CHOICES = TableSpec(
    sorts=("name",),
    default_sort="name",
    choices=(
        Choice("status", "Status", (("failed", "Failed"), ("cancelled", "Cancelled"))),
        Choice("place", "Environment"),
        Choice("project", "Project", searchable=True),
    ),
    dates="Created",
)


@pytest.mark.parametrize(
    ("url", "chosen"),
    [
        ("/x?status=failed&status=cancelled&status=failed", {"status": ("failed", "cancelled")}),
        ("/x?status=gone&place=a,b&place=" + "x" * 101, {"place": ("a,b",)}),
        ("/x?project=7&project=-1&project=x&project=99999999999999999", {"project": ("7",)}),
        ("/x?place=a%00b&since=tomorrow&until=2026-02-30", {}),
        ("/x?" + "&".join(f"place={number}" for number in range(40)), {"place": tuple(map(str, range(20)))}),
    ],
)
def test_choices_of_a_url_are_read_politely(url: str, chosen: dict[str, tuple[str, ...]]) -> None:
    query = TableQuery.of(CHOICES, url)
    assert query.chosen == {"status": (), "place": (), "project": ()} | chosen
    assert (query.since, query.until) == ("", "")
    assert TableQuery.of(CHOICES, "/x?" + query.as_url_query(CHOICES)) == query


def test_days_of_a_url_are_kept() -> None:
    query = TableQuery.of(CHOICES, "/x?since=2026-01-31&until=2026-02-28")
    assert (query.since, query.until) == ("2026-01-31", "2026-02-28")
    assert TableQuery.of(SPEC, "/x?since=2026-01-31").since == ""
    for day in ("9999-12-31", "0001-01-01", "2026-W05-1", "\u0662026-01-31"):  # the first two end or start in no zone
        assert TableQuery.of(CHOICES, f"/x?until={day}").until == ""


def test_the_labels_of_cards_are_strings_of_the_stylesheet() -> None:
    labels = as_cards("table", ["", 'The "last" use', "Status"])["custom_attrs"]["style"]
    assert sorted(labels) == ["--c2", "--c3"]
    assert str(labels["--c2"]) == r'JSON.stringify("The \"last\" use")'

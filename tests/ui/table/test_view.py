"""The URL holds the state of a table; invalid values fall back to the default."""

import pytest

from tca_app.ui.table.state import Filter, TableQuery, TableSpec
from tca_app.ui.url import MAX_FIELDS, MAX_URL, fields_of, page_path, page_url

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

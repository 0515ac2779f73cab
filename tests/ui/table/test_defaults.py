"""A filter with a default: in force while the URL says nothing, and "any" means all."""

import pytest

from tca_app.core.lists.query import Choice, TableQuery, TableSpec

STATES = (("active", "Active"), ("expired", "Expired"))
STATE = Choice("state", "Status", STATES, default=("active",))
SPEC = TableSpec(sorts=("name",), default_sort="name", choices=(STATE,))


@pytest.mark.parametrize(
    ("query", "chosen", "kept"),
    [
        ("", ("active",), ""),
        ("state=active", ("active",), ""),
        ("state=expired", ("expired",), "state=expired"),
        ("state=active&state=expired", ("active", "expired"), "state=active&state=expired"),
        ("state=any", (), "state=any"),
        ("state=nonsense", ("active",), ""),
    ],
)
def test_the_default_is_in_force_until_the_url_says_otherwise(query: str, chosen: tuple[str, ...], kept: str) -> None:
    assert TableQuery.of(SPEC, f"/x?{query}").chosen["state"] == chosen
    assert SPEC.view_of(query) == kept

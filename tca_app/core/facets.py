"""Facets of a list: the values of a field, with how many rows each has under the other filters."""

from tca_app.core.schema import ReadModel

MAX_FACETS = 50
MAX_COUNTED = 50_000  # rows that are counted; a list with more shows its counts with a plus


class Facet(ReadModel):
    """A value of a filter. `label` is its name, or empty when the value says it itself."""

    value: str
    label: str = ""
    count: int


class Facets(ReadModel):
    """The values with the most rows. `capped`: there are more rows than were counted."""

    values: list[Facet]
    capped: bool = False


def facets_of(rows: list[tuple[object, object, int]], most: int = MAX_COUNTED) -> Facets:
    """Returns the facets of rows of (value, label, count)."""
    values = [Facet(value=str(value), label=str(label or ""), count=count) for value, label, count in rows]
    return Facets(values=values, capped=sum(facet.count for facet in values) >= most)

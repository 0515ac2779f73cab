"""Formats events as CSV and JSON."""

from tca_app.core.database.csv_lines import csv_lines
from tca_app.features.activity.schemas import ActivityRead

COLUMNS = (
    "id",
    "at",
    "type",
    "summary",
    "actor_id",
    "actor_name",
    "subject_type",
    "subject_id",
    "subject_name",
    "project_id",
    "before",
    "after",
    "ip",
    "request_id",
)


def as_csv(events: list[ActivityRead], is_first: bool) -> str:
    """Returns lines of CSV. The first batch has the header."""
    return csv_lines(COLUMNS, events, has_header=is_first)


def as_json(events: list[ActivityRead], is_first: bool) -> str:
    """Returns a part of one JSON list. An empty batch that is not the first closes the list."""
    body = ",\n".join(event.model_dump_json() for event in events)
    if is_first:
        return "[" + body
    return (",\n" + body) if body else "]\n"

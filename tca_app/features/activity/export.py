"""Formats events as CSV and JSON."""

import csv
import io
import json

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
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> str:
    """Returns the text in a form that no spreadsheet takes for a formula."""
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def as_csv(events: list[ActivityRead], is_first: bool) -> str:
    """Returns lines of CSV with every cell quoted. The first batch has the header."""
    lines = io.StringIO()
    writer = csv.writer(lines, quoting=csv.QUOTE_ALL)
    if is_first:
        writer.writerow(COLUMNS)
    writer.writerows([cell(getattr(event, name)) for name in COLUMNS] for event in events)
    return lines.getvalue()


def as_json(events: list[ActivityRead], is_first: bool) -> str:
    """Returns a part of one JSON list. An empty batch that is not the first closes the list."""
    body = ",\n".join(event.model_dump_json() for event in events)
    if is_first:
        return "[" + body
    return (",\n" + body) if body else "]\n"

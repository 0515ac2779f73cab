"""Lines of CSV (RFC 4180) that a spreadsheet takes for text, never for a formula."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

MAX_ROWS = 50_000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_QUOTE = "'"


def cell(value: object) -> str:
    """Returns the text of a value. Times are ISO 8601 in UTC, and an apostrophe defuses what begins like a formula."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, list):
        value = " ".join(str(part) for part in value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return _QUOTE + text if _is_risky(text) else text


def undefused(text: str) -> str:
    """Returns what `cell` was given: without the apostrophe that it added."""
    return text[1:] if text.startswith(_QUOTE) and _is_risky(text) else text


def _is_risky(text: str) -> bool:
    """Whether a text begins like a formula. One that only has apostrophes before it gets one more, for `undefused`."""
    return text.lstrip(_QUOTE).startswith(_FORMULA_STARTS)


def csv_lines(columns: Sequence[str], items: Iterable[object], *, has_header: bool) -> str:
    """Returns a line for each item, with every cell quoted. The column "owner.username" is a field of a field."""
    lines = io.StringIO()
    writer = csv.writer(lines, quoting=csv.QUOTE_ALL)
    if has_header:
        writer.writerow(name.replace(".", "_") for name in columns)
    writer.writerows([cell(_value(item, name)) for name in columns] for item in items)
    return lines.getvalue()


def _value(item: object, name: str) -> object:
    for part in name.split("."):
        item = getattr(item, part) if item is not None else None
    return item

"""Generates the table of settings in docs/configuration.md from the fields."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from tca_app.config.retention import RetentionFields
from tca_app.config.secret_files import FILE_NAMES

START, END = "<!-- settings -->", "<!-- end of settings -->"


def settings_table() -> str:
    """Return a Markdown table with a line for each setting."""
    return "\n".join(_lines())


def write_settings_table(page: Path) -> None:
    """Write the table between the two markers of `page`."""
    text = page.read_text()
    between = re.compile(f"(?<={re.escape(START)}\n).*(?={re.escape(END)})", re.DOTALL)
    page.write_text(between.sub(lambda _: f"{settings_table()}\n", text))


def _lines() -> Iterator[str]:
    yield "| name | default | meaning | refused in production |"
    yield "|---|---|---|---|"
    for name, field in RetentionFields.model_fields.items():
        extra: Any = field.json_schema_extra or {}
        default = extra.get("default_text") or _default_of(field)
        file_name = f"{name.upper()}_FILE"
        names = f"`{name.upper()}`" + (f", `{file_name}`" if file_name in FILE_NAMES else "")
        yield f"| {names} | {default} | {field.description} | {extra.get('refused', '')} |".replace("|  |", "| |")


def _default_of(field: FieldInfo) -> str:
    """Return the default as written in `.env`; empty when there is none."""
    value = field.default
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    text = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    return "" if text in ("", []) else f"`{text}`"

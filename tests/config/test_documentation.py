"""The configuration page and `.env.example` name every setting, with the defaults of the code."""

import re
from pathlib import Path

import pytest

from tca_app.config.schema import Settings
from tca_app.config.table import END, START, settings_table, write_settings_table

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "configuration.md"
NAMES = [name.upper() for name in Settings.model_fields]


def test_the_page_has_the_table_of_the_settings() -> None:
    """After a change: python -m tca_app document-config."""
    assert f"{START}\n{settings_table()}\n{END}" in PAGE.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_says_what_it_means(name: str) -> None:
    assert (Settings.model_fields[name.lower()].description or "").endswith((".", ")."))


def test_the_table_is_written_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Before\n{START}\nold\n{END}\nAfter\n")
    write_settings_table(page)
    assert page.read_text() == f"Before\n{START}\n{settings_table()}\n{END}\nAfter\n"


def test_the_example_names_every_setting_once() -> None:
    assert sorted(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)) == sorted(NAMES)

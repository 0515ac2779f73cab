"""Every file and folder that the documentation names or links to is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)*(?:\.(?:py|md|mjs|js|css|toml|ini|conf|txt|mako)|/))`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
# Made when the console runs, and the example of a migration.
ELSEWHERE = {".data/", ".web/", ".venv/", "utils/state.js", "alembic/versions/202611262050_cost_centre_of_projects.py"}
CODE = re.compile(r"```.*?```", re.DOTALL)


def _named(text: str) -> Iterator[str]:
    """Paths in backticks that have a folder; a name alone, such as `service.py`, is the role of a file.

    The first column of a table about "the document" has paths of the source document, which are not here."""
    text = re.sub(
        r"(?<=\n)\| the document \|.*?(?=\n\n|\Z)", lambda table: _without_first_cells(table[0]), text, flags=re.DOTALL
    )
    return (path for path in PATH.findall(CODE.sub("", text)) if "/" in path and path not in ELSEWHERE)


def _without_first_cells(table: str) -> str:
    return re.sub(r"^\|[^|]*", "", table, flags=re.MULTILINE)


def _anchors(page: Path) -> set[str]:
    """As the hosts of repositories make them from headings."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _leads_nowhere(page: Path, link: str) -> bool:
    if re.match(r"\w+:", link):
        return False
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return not target.exists() or bool(anchor and target.suffix == ".md" and anchor not in _anchors(target))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_is_there(page: Path) -> None:
    roots = (ROOT, ROOT / "tca_app", ROOT / "docs")
    assert [path for path in _named(page.read_text()) if not any((root / path).exists() for root in roots)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [link for link in LINK.findall(CODE.sub("", page.read_text())) if _leads_nowhere(page, link)] == []

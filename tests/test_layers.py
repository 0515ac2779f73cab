"""Who knows whom, for every file: the contracts of import-linter hold for modules that somebody has listed."""

import ast
from collections.abc import Iterator
from pathlib import Path

import tca_app

PACKAGE = Path(tca_app.__file__).parent
EDGES = {
    "reflex",
    "reflex_base",
    "fastapi",
    "starlette",
    "tca_app.ui",
    "tca_app.rest.dependencies",
    "tca_app.rest.responses",
}
TABLES = {"sqlalchemy", "sqlmodel", "tca_app.models"}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _any_of(path: Path, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for name in _imports(path) for package in packages)


def test_what_knows_pages_or_routes_knows_no_tables() -> None:
    folders = ("core", "features", "consumers", "ui", "models")
    files = [path for folder in folders for path in (PACKAGE / folder).rglob("*.py")]
    both = [str(path.relative_to(PACKAGE)) for path in files if _any_of(path, EDGES) and _any_of(path, TABLES)]
    assert len(files) > 150
    assert both == []

"""Carries out "Add a field" and "Add a page" of CONTRIBUTING.md, as they are written, on a copy of the repository."""

import ast
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from sqlalchemy import make_url

from tca_app.config.settings import get_settings

ROOT = Path(__file__).resolve().parents[1]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
FOLDERS = ("alembic", "assets", "tca_app", "tests")
FILES = ("alembic.ini", "pyproject.toml", "rxconfig.py")
KINDS = {"dict": ast.Dict, "list": ast.List, "set": ast.Set}
LITERALS = (ast.Dict, ast.List, ast.Set, ast.Tuple)
# What the new field and the new page have to pass.
TESTS = (
    "tests/test_round_trip.py::test_a_project_with_its_team",
    "tests/features/projects/ui/test_state.py::test_a_maintainer_is_offered_only_their_fields",
    "tests/features/colleagues",
    "tests/ui/test_registry.py",
    "tests/test_pages.py",
)
PAGE_COMPILES = """
from tca_app.tca_app import app

def test_the_new_page_compiles() -> None:
    app._compile_page("colleagues")
    assert "Everybody who can sign in." in str(app._pages["colleagues"].render())
"""


class Edit(NamedTuple):
    """Code under a comment that names its file and, for a file that exists, the class, literal or function."""

    path: str
    kind: str
    name: str
    code: str


def section(title: str) -> str:
    return CONTRIBUTING.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def edits(text: str) -> Iterator[Edit]:
    for block in blocks(text, "python"):
        first, *parts = re.split(r"^# (\S+\.py)(?:, in (?:the (\w+) of )?(\w+))?\n", block, flags=re.MULTILINE)
        assert (first, len(parts) % 4) == ("", 0), f"a block does not begin with its file: {block}"
        for path, kind, name, code in zip(*[iter(parts)] * 4, strict=True):
            yield Edit(path if path.startswith("tests/") else f"tca_app/{path}", kind, name, code.strip())


def end_of(node: ast.AST, source: str) -> int:
    line, column = getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)
    lines = source.encode().splitlines(keepends=True)  # columns count bytes
    return len((b"".join(lines[: line - 1]) + lines[line - 1][:column]).decode())


def inserted(source: str, edit: Edit) -> str:
    """The source with the code of an edit: below docstring and imports, as the last field, or as the last element."""
    tree = ast.parse(source)
    if not edit.name:
        is_import = isinstance(ast.parse(edit.code).body[0], ast.ImportFrom)
        imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) and not is_import]
        position = end_of((imports or tree.body)[-1 if imports else 0], source)
        return f"{source[:position]}\n{edit.code}{source[position:]}"
    node = next(node for node in ast.walk(tree) if name_of(node) == edit.name)
    if isinstance(node, ast.ClassDef):
        position = end_of([field for field in node.body if isinstance(field, ast.AnnAssign)][-1], source)
        return f"{source[:position]}\n    {edit.code}{source[position:]}"
    literal = next(part for part in ast.walk(node) if isinstance(part, KINDS.get(edit.kind, LITERALS)))
    position = end_of(getattr(literal, "values", getattr(literal, "elts", []))[-1], source)
    return f"{source[:position]}, {edit.code}{source[position:]}"


def name_of(node: ast.AST) -> str:
    if isinstance(node, ast.Assign):
        return getattr(node.targets[0], "id", "")
    return getattr(node, "name", "")


def carry_out(edit: Edit, repository: Path) -> None:
    path = repository / edit.path
    if path.exists():
        path.write_text(inserted(path.read_text(), edit))
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{edit.code}\n")
    for folder in (path.parent, path.parent.parent):
        (folder / "__init__.py").touch()


@pytest.fixture
def database_url() -> Iterator[str]:
    """A database of its own, with the schema of this version."""
    url = make_url(get_settings().database_url.get_secret_value())
    with psycopg.connect(url.set(database="postgres").render_as_string(False), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS tca_guide")
        connection.execute("CREATE DATABASE tca_guide TEMPLATE tca")
        yield url.set(database="tca_guide").render_as_string(False)
        connection.execute("DROP DATABASE tca_guide WITH (FORCE)")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy on which both sections are carried out, except for the migration.

    With the compiled modules, which the commands below need not compile again, but not those that are being written.
    """
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.pyc.*", "external"))
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    for edit in (*edits(section("Add a field")), *edits(section("Add a page"))):
        carry_out(edit, tmp_path)
    (tmp_path / "tests/test_pages.py").write_text(PAGE_COMPILES)
    return tmp_path


def run_in(repository: Path, command: str) -> None:
    """Runs lines of the guide as a person does, with the settings of a new clone."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        ["bash", "-euc", command], cwd=repository, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def test_a_field_and_a_page_are_added_as_the_guide_says(repository: Path, database_url: str) -> None:
    (tidy,) = re.findall(r"`(\.venv/bin/ruff check [^`]+)`", section("Add a field"))
    _, _, migration = blocks(section("Add a migration"), "sh")[0].partition("that it printed\n")
    run_in(repository, tidy)
    run_in(repository, migration.replace("postgresql://…", database_url))
    versions = sorted(path.name for path in (repository / "alembic/versions").glob("*.py"))
    assert versions[-1].endswith("_cost_centre_of_projects.py"), "the newest file is the last one"
    written = (repository / "alembic/versions" / versions[-1]).read_text()
    assert re.findall(r"op\.\w+\(.*", written) == [
        'op.add_column("projects", sa.Column("cost_centre", sa.Text(), server_default="", nullable=False))',
        'op.drop_column("projects", "cost_centre")',
    ]
    run_in(repository, f".venv/bin/python -m pytest -p no:cacheprovider {' '.join(TESTS)}")


@pytest.mark.parametrize("title", ["Add a REST call", "Add a handler"])
def test_the_examples_from_the_code_are_the_code(title: str) -> None:
    sources = [path.read_text() for path in (ROOT / "tca_app/features/projects").rglob("*.py")]
    for block in blocks(section(title), "python"):
        code = re.sub(r"  # [^\n]*$", "", block.strip(), flags=re.MULTILINE)
        assert any(code in source or textwrap.indent(code, "    ") in source for source in sources), block

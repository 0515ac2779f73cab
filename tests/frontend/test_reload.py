"""Which pages Reflex compiles anew after an edit under `reflex run`."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import reflex as rx
from reflex_base.constants import NOCOMPILE_FILE

from tca_app.frontend import reload
from tca_app.frontend.build import ROOT
from tca_app.frontend.made_of import made_of, read_sources
from tca_app.tca_app import app

FILES = {
    "tca_app.py": """
        from tca_app.features.notes.ui import pages
        from tca_app.features.tasks.ui import pages as task_pages
        from tca_app.ui import theme
        from tca_app.server import run
        use(pages, task_pages, theme, run)
    """,
    "ui/theme.py": "COLOR = 1",
    "ui/new.py": "",
    "server/run.py": "from tca_app.features.notes import service\nservice",
    "models/__init__.py": "from tca_app.models.kinds import Kind",
    "models/kinds.py": "class Kind: pass",
    "features/notes/ui/pages.py": """
        from tca_app.features.notes import service
        from tca_app.features.notes.ui.card import card
        card
        async def load(): await service.read()
    """,
    "features/notes/ui/card.py": "from tca_app.features.notes.schemas import Note\ndef card(): Note",
    "features/notes/schemas.py": "from tca_app.models import Kind\nclass Note: kind: Kind",
    "features/notes/service.py": "async def read(): pass",
    "features/tasks/ui/pages.py": "",
}
ROUTES = {"notes": "tca_app.features.notes.ui.pages", "tasks": "tca_app.features.tasks.ui.pages"}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        file = tmp_path / "tca_app" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(line[8:] if line.startswith(" " * 8) else line for line in text.splitlines()))
    monkeypatch.setattr(reload, "compile_pages", lambda _app, pages: not pages)
    return tmp_path


def compiles_all(root: Path, run: str = "1") -> bool:
    os.environ.pop(reload.SKIP_COMPILE, None)
    pages = {route: SimpleNamespace(component=SimpleNamespace(__module__=module)) for route, module in ROUTES.items()}
    with reload.compiling_changed_pages(cast(rx.App, SimpleNamespace(_unevaluated_pages=pages)), run, root, root):
        return os.environ.pop(reload.SKIP_COMPILE, None) is None


def test_the_first_start_of_each_run_compiles_all_pages(root: Path) -> None:
    assert [compiles_all(root), compiles_all(root), compiles_all(root, "2")] == [True, False, True]


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        ("features/notes/ui/pages.py", ["notes"]),
        ("features/notes/ui/card.py", ["notes"]),
        ("features/notes/schemas.py", ["notes"]),
        ("models/kinds.py", ["notes"]),
        ("features/notes/service.py", []),
        ("server/run.py", []),
        ("ui/theme.py", None),
        ("ui/new.py", None),
    ],
)
def test_an_edit_changes_the_pages_that_are_made_of_the_file(
    root: Path, edited: str, expected: list[str] | None
) -> None:
    files = read_sources(root, {})
    assert reload.changed_pages(ROUTES, {f"tca_app/{edited}"}, files, root) == expected


def test_an_edit_of_what_all_pages_share_compiles_all(root: Path) -> None:
    assert compiles_all(root)
    (root / "assets").mkdir()
    (root / "assets/logo.svg").write_text("new")
    assert [compiles_all(root), compiles_all(root)] == [True, False]


def test_pages_that_cannot_be_compiled_alone_compile_all(root: Path) -> None:
    assert compiles_all(root)
    (root / "tca_app/models/kinds.py").write_text("class Kind: changed = True")
    assert [compiles_all(root), compiles_all(root)] == [True, False]


def test_a_failed_compilation_is_repeated(root: Path) -> None:
    none = cast(rx.App, SimpleNamespace(_unevaluated_pages={}))
    with pytest.raises(RuntimeError), reload.compiling_changed_pages(none, "1", root, root):
        raise RuntimeError
    assert compiles_all(root)


def test_the_mark_by_which_reflex_would_skip_an_edit_is_removed(root: Path) -> None:
    (root / NOCOMPILE_FILE).touch()
    assert compiles_all(root)
    assert not (root / NOCOMPILE_FILE).exists()


def test_only_a_changed_file_is_parsed_again(root: Path) -> None:
    before = read_sources(root, {})
    (root / "tca_app/ui/theme.py").write_text("COLOR = 2")
    after = read_sources(root, before)
    assert [name for name in after if after[name] is not before[name]] == ["tca_app/ui/theme.py"]


# The console's own pages


def test_an_enumeration_of_a_page_is_part_of_it_and_a_rule_is_not() -> None:
    files = read_sources(ROOT, {})
    page = made_of(["tca_app/features/environments/ui/state.py"], files)
    assert "tca_app/features/environments/tiers.py" in page
    assert "tca_app/features/auth/setup.py" not in page


def test_pages_compiled_alone_are_what_reflex_makes_of_them_among_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "_is_installed", lambda _package: True)
    pages = app._unevaluated_pages
    written: list[dict[str, str]] = []
    for routes in (["accept-invitation"], ["accept-invitation", "404"]):
        folder = tmp_path / str(len(routes))
        monkeypatch.setenv("REFLEX_WEB_WORKDIR", str(folder))
        assert reload.compile_pages(app, [pages[route] for route in routes])
        written.append({str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*.jsx")})
    alone, together = written
    assert len(alone) == 3  # the page, its components and the states
    assert alone.items() <= together.items()

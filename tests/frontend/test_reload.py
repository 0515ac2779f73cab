"""Which edits under `reflex run` make Reflex compile the pages anew."""

import os
from pathlib import Path

import pytest

from tca_app.frontend import build, reload


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("service.py", "schemas.py", "ui/pages.py"):
        file = tmp_path / "tca_app/features/notes" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x = 1\n")
    monkeypatch.setattr(reload, "sources_hash", lambda **options: build.sources_hash(tmp_path, **options))
    return tmp_path


def compiles(root: Path, run: str = "1") -> bool:
    os.environ.pop(reload.SKIP_COMPILE, None)
    with reload.compiling_changed_pages(run, root):
        return os.environ.pop(reload.SKIP_COMPILE, None) is None


def test_the_first_start_of_each_run_compiles(root: Path) -> None:
    assert [compiles(root), compiles(root), compiles(root, "2")] == [True, False, True]


@pytest.mark.parametrize(("edited", "expected"), [("service.py", False), ("schemas.py", True), ("ui/pages.py", True)])
def test_only_an_edit_of_what_pages_are_made_of_compiles(root: Path, edited: str, expected: bool) -> None:
    assert compiles(root)
    (root / "tca_app/features/notes" / edited).write_text("x = 2\n")
    assert compiles(root) is expected


def test_a_failed_compilation_is_repeated(root: Path) -> None:
    with pytest.raises(RuntimeError), reload.compiling_changed_pages("1", root):
        raise RuntimeError
    assert compiles(root)

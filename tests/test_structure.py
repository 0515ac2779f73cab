"""The size of the tree: a newcomer finds every file, and reads any of them in one sitting."""

from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import grimp

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tca_app"
LINES = {path: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py") if path.stat().st_size}
MAX_LINES, MAX_MEDIAN_LINES = 300, 110
MAX_FILES, MAX_ROOT_FILES = 15, 3


def test_no_file_is_too_long() -> None:
    assert [f"{path.relative_to(ROOT)}: {lines}" for path, lines in LINES.items() if lines > MAX_LINES] == []


def test_most_files_are_short() -> None:
    assert median(LINES.values()) <= MAX_MEDIAN_LINES


def test_no_folder_is_crowded() -> None:
    sources = Counter(path.parent for path in LINES if path.name != "__init__.py")
    assert [f"{folder.relative_to(ROOT)}: {files}" for folder, files in sources.items() if files > MAX_FILES] == []


def test_the_package_root_holds_only_the_entry_points() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= MAX_ROOT_FILES


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = grimp.build_graph("tca_app", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()  # raises CycleError with the way around

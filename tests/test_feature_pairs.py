"""Features import each other in one direction, but for two pairs with a reason."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import tca_app

FEATURES = Path(tca_app.__file__).parent / "features"
# The imports of another feature that lead back; docs/architecture.md gives the reasons. Compose instead of adding.
BACK = {("auth", "users"), ("projects", "users")}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _feature_imports() -> set[tuple[str, str]]:
    """Each feature with each other one that a module of it imports."""
    pairs = {
        (path.relative_to(FEATURES).parts[0], name.split(".")[2])
        for path in FEATURES.rglob("*.py")
        for name in _imports(path)
        if name.startswith("tca_app.features.")
    }
    return {(feature, other) for feature, other in pairs if feature != other}


def test_no_features_import_each_other_but_two_pairs() -> None:
    imports = _feature_imports()
    mutual = {(feature, other) for feature, other in imports if feature < other and (other, feature) in imports}
    assert len(imports) > 30
    assert mutual == BACK


def test_without_those_no_feature_leads_back_to_itself() -> None:
    graph: dict[str, set[str]] = {}
    for feature, other in _feature_imports() - BACK:
        graph.setdefault(feature, set()).add(other)
    TopologicalSorter(graph).prepare()  # raises CycleError with the way around

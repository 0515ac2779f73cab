"""Which files the pages are made of: those whose values a page can use, directly or through other files."""

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "tca_app"


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the package: the hash of its text, and the files whose values it uses."""

    digest: str
    uses: list[str]


def read_sources(root: Path, known: Mapping[str, Source]) -> dict[str, Source]:
    """Return the files of the package by path. Only those that differ from `known`, of the last time, are parsed."""
    sources = {}
    for path in sorted((root / PACKAGE).rglob("*")):
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        name, text = path.relative_to(root).as_posix(), path.read_bytes()
        digest, before = hashlib.sha256(text).hexdigest(), known.get(name)
        unchanged = before is not None and before.digest == digest
        sources[name] = before if before and unchanged else Source(digest, _uses(root, name, text))
    return sources


def made_of(starts: Iterable[str], sources: Mapping[str, Source]) -> set[str]:
    """Return the files that `starts` are made of, with themselves."""
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name not in found and name in sources:
            found.add(name)
            waiting += sources[name].uses
    return found


def is_screen(name: str) -> bool:
    return "ui" in name.split("/")


def _uses(root: Path, name: str, text: bytes) -> list[str]:
    """Return the files from which a file imports.

    What only the bodies of async functions use is left out: nothing awaits them while pages are made, so that most
    rules and queries are no part of a page.
    """
    if not name.endswith(".py"):
        return []
    tree = ast.parse(text)
    at_once, later = set(_names(tree, False)), set(_names(tree, True))
    return sorted({file for file, local in _imports(root, tree) if local in at_once or local not in later})


def _names(node: ast.AST, is_later: bool, in_async: bool = False) -> Iterator[str]:
    """Yield the names that are read in the bodies of async functions, or those that are read elsewhere."""
    if isinstance(node, ast.Name) and in_async == is_later:
        yield node.id
    for field, value in ast.iter_fields(node):
        inside = in_async or (isinstance(node, ast.AsyncFunctionDef) and field == "body")
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _names(child, is_later, inside)


def _imports(root: Path, tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield each import from the package, as the file and the name by which the importing file knows it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [(alias.name, alias.asname or alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [(f"{node.module}.{alias.name}", alias.asname or alias.name) for alias in node.names]
        else:
            continue
        for dotted, local in names:
            if dotted.split(".")[0] == PACKAGE and (file := module_file(root, dotted)):
                yield file, local


def module_file(root: Path, dotted: str) -> str:
    """Return the file of a module, or of the module that holds a name."""
    for name in (dotted, dotted.rpartition(".")[0]):
        stem = name.replace(".", "/")
        for file in (f"{stem}.py", f"{stem}/__init__.py"):
            if (root / file).is_file():
                return file
    return ""

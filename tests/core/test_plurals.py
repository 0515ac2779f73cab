"""`plural` puts a number beside its noun."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tca_app.core.errors import TooManyRequests
from tca_app.core.plurals import plural

SOURCES = Path(__file__).parents[2] / "tca_app"
COUNTED = "minute|second|hour|project|user|event|commit|line|job|mail|person|member|deployment|chain|notification"
# A variable right before a noun in the plural. "days" are left out: periods have 7, 30 or 90; so are figures that are
# constants.
CARELESS = re.compile(rf"\{{(?!hours\}}|total_s\}})[a-z_.()]+(?::,)?\}} (?:{COUNTED})s\b")
PLURALS = ("ngettext", "nt", "nN_", "stored_plural")  # their second text is the plural


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0 commits"), (1, "1 commit"), (2, "2 commits"), (12_345, "12,345 commits")]
)
def test_a_noun_is_in_the_number_of_its_count(count: int, expected: str) -> None:
    assert plural(count, "commit") == expected


def test_a_noun_with_a_plural_of_its_own_is_given_it() -> None:
    assert (plural(1, "person", "people"), plural(3, "person", "people")) == ("1 person", "3 people")


def test_a_wait_of_one_second_is_one_second() -> None:
    assert TooManyRequests.after(0.2).detail == "Too many attempts. Try again in 1 second."
    assert TooManyRequests.after(61).detail == "Too many attempts. Try again in 61 seconds."


def test_no_text_has_a_number_before_a_noun_that_is_always_in_the_plural() -> None:
    careless = [
        f"{path.name}:{node.lineno}: {ast.unparse(node)}"
        for path in sorted(SOURCES.rglob("*.py"))
        for node in _texts(ast.parse(path.read_text()))
        if CARELESS.search(ast.unparse(node))
    ]
    assert careless == []


def _texts(tree: ast.AST) -> Iterator[ast.expr]:
    """The texts of a module, without those that are the plural of another."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    plurals = {id(call.args[1]) for call in calls if ast.unparse(call.func) in PLURALS and len(call.args) > 1}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Constant, ast.JoinedStr)) and id(node) not in plurals:
            yield node


def test_a_text_that_counts_carelessly_is_noticed() -> None:
    tree = ast.parse('_("{count} users")\nngettext("{count} user", "{count} users", 2)')
    assert [node.lineno for node in _texts(tree) if CARELESS.search(ast.unparse(node))] == [1]

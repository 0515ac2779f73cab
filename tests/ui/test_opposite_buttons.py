"""The two buttons at the end of a dialog share no word, so that neither is pressed for the other, in each language."""

import re
from collections.abc import Iterator
from itertools import combinations

import pytest
import reflex as rx

from tca_app.core.language.messages import LANGUAGES, _, speaking
from tca_app.tca_app import PAGES
from tca_app.ui.table.bulk import BulkActions

MESSAGE = re.compile(r't_\("((?:[^"\\]|\\.)+)"')
SMALL = {"a", "as", "to", "this"}


def feet(component: object) -> Iterator[rx.Component]:
    """The rows of buttons at the end of the dialogs."""
    if "dialog-foot" in str(getattr(component, "class_name", "")):
        assert isinstance(component, rx.Component)
        yield component
    for child in getattr(component, "children", ()):
        yield from feet(child)


def labels(button: object) -> list[str]:
    """The messages that a button can show: a condition has several."""
    return MESSAGE.findall(str(button))


@pytest.fixture(scope="module")
def dialogs() -> list[list[list[str]]]:
    found = [foot for page in PAGES for foot in feet(page.component())]
    return [[shown for button in foot.children if (shown := labels(button))] for foot in found]


def words(label: str) -> set[str]:
    return set(re.findall(r"\w+", _(label).casefold())) - SMALL


def test_no_two_buttons_of_a_dialog_share_a_word(dialogs: list[list[list[str]]]) -> None:
    """One test for all languages: building every page takes the time."""
    assert sum(len(buttons) > 1 for buttons in dialogs) > 40
    for language in LANGUAGES:
        with speaking(language):
            shared = {
                (one, other)
                for buttons in dialogs
                for first, second in combinations(buttons, 2)
                for one in first
                for other in second
                if words(one) & words(other)
            }
        assert shared == set(), language


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_action_on_many_rows_shares_a_word_with_the_button_that_keeps_them(language: str) -> None:
    """Both labels come with the state."""
    with speaking(language):
        named = {(action.label, action.keep) for state in _states(BulkActions) for action in state._bulk.actions}
        assert len(named) > 5
        assert {(label, keep) for label, keep in named if words(label) & words(keep)} == set()


def _states(mixin: type[BulkActions]) -> Iterator[type[BulkActions]]:
    for state in mixin.__subclasses__():
        yield from (state, *_states(state))

"""Fuzzy matching: which names match a text, which of two matches better, and which letters are marked."""

import timeit

import pytest

from tca_app.ui.palette.matching import match, parts_of


@pytest.mark.parametrize(
    ("text", "name", "marked"),
    [
        ("bill", "Billing API", "Bill"),
        ("api bill", "Billing API", "BillAPI"),
        ("np", "New project", "Np"),
        ("dshbrd", "Dashboard", "Dshbrd"),
        ("biling", "Billing API", "Biling"),
        ("lopez", "Ana López", "López"),
        ("STRASSE", "Straße 7", "Straße"),
        ("(1)", "Billing (1)", "(1)"),
    ],
)
def test_letters_match_in_their_order(text: str, name: str, marked: str) -> None:
    found = match(text, name)
    assert found is not None
    assert "".join(name[index] for index in sorted(found.indices)) == marked


@pytest.mark.parametrize(
    ("text", "name"),
    [("billing", "Dashboard"), ("bilx", "Billing API"), ("dx", "Sandbox b"), ("gib", "Billing"), ("", "Billing")],
)
def test_other_names_do_not_match(text: str, name: str) -> None:
    assert match(text, name) is None


def test_the_beginning_matches_best_then_a_word_then_the_inside_then_single_letters() -> None:
    names = ["Projects", "New project", "Reproject", "Peter Ross jr."]
    scores = [found.score for name in names if (found := match("proj", name))]
    assert len(scores) == len(names)
    assert scores == sorted(scores, reverse=True)


def test_the_shorter_of_two_names_matches_better() -> None:
    short, long = match("billing", "Billing"), match("billing", "Billing of the north")
    assert short
    assert long
    assert short.score > long.score


def test_a_name_that_is_made_to_be_slow_is_not() -> None:
    name, text = "ab " * 85, "a" * 31 + "c " + "ab" * 16
    took = min(timeit.repeat(lambda: match(text, name), number=1, repeat=5))
    assert took < 0.02


def test_parts_take_turns_and_the_first_one_does_not_match() -> None:
    assert parts_of("Billing API", {0, 1, 8}) == ["", "Bi", "lling ", "A", "PI"]
    assert parts_of("Billing", set()) == ["Billing"]
    assert parts_of("", set()) == [""]

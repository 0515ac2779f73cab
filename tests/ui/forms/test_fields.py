"""A form saves once, stores no password, and asks before it overwrites another person's change."""

import re
from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from tca_app.core.errors import Conflict, FieldError, Stale
from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import merge, text_field
from tca_app.ui.forms.state import MINE, THEIRS, FormState, faults_of
from tca_app.ui.session import SessionState
from tests.processes import ROOT

LABELS = {"name": "Name", "email": "Email"}
OPENED = {"name": "Ana", "email": "ana@example.com", "password": ""}


BY_BOB = Stale(changed_by="Bob", changed_by_id=2)


class Sheet(FormState, SessionState):
    """A form of any feature."""


@pytest.fixture
def sheet() -> Any:
    internal: dict[str, Any] = {"_reflex_internal_init": True}
    state = Sheet(parent_state=SessionState(**internal), **internal)
    state._open_form("edit", OPENED, row_id=7, version=3)
    return state


def sent(sheet: Any, **changes: str) -> dict[str, str]:
    return {**OPENED, "nonce": sheet.form_nonce, **changes}


def test_a_second_click_saves_nothing(sheet: Any) -> None:
    form = sent(sheet, name="Anna")
    assert sheet._begin_save(form)["name"] == "Anna"
    sheet._close_form()
    assert sheet._begin_save(form) is None
    sheet._open_form("create", OPENED)
    assert sheet._begin_save(form) is None


def test_a_closing_dialog_keeps_what_it_shows(sheet: Any) -> None:
    sheet._open_form("create", OPENED, name="Ana")
    sheet._begin_save(sent(sheet, name="Anna"))
    sheet._ask_to_merge({"name": "Anne", "email": "", "password": ""}, BY_BOB, version=4, labels=LABELS)
    clashes = list(sheet.form_clashes)
    sheet._close_form()
    assert (sheet.form_mode, sheet.form_shows, sheet.form_name, sheet.form_values) == ("", "create", "Ana", OPENED)
    assert (clashes, sheet.form_busy) == (list(sheet.form_clashes), False)
    assert len(clashes) == 1
    sheet._open_form("edit", OPENED)
    assert (sheet.form_shows, list(sheet.form_clashes)) == ("edit", [])


def test_no_page_draws_a_dialog_by_the_mode_that_its_close_empties() -> None:
    pages = [path for path in (ROOT / "tca_app").rglob("*.py") if "form_dialog(" in path.read_text()]
    assert len(pages) > 10
    assert not [path.name for path in pages if re.search(r"\.form_mode\b(?! != \"\")", path.read_text())]


def test_a_field_that_the_form_does_not_have_is_not_passed_on(sheet: Any) -> None:
    assert set(sheet._begin_save(sent(sheet, is_superuser="on"))) == set(OPENED)


def test_a_password_passes_through_and_is_kept_nowhere(sheet: Any) -> None:
    values = sheet._begin_save(sent(sheet, password="Canary-Word-77"))
    assert values["password"] == "Canary-Word-77"
    with sheet._showing_errors():
        raise Conflict("Taken.", errors=[FieldError("/email", "This email is taken.")])
    assert "Canary" not in repr(sheet.__getstate__())  # what a state manager stores


def test_a_refusal_stands_at_its_field_and_the_form_stays_open(sheet: Any) -> None:
    sheet._begin_save(sent(sheet))
    with sheet._showing_errors():
        raise Conflict("Taken.", errors=[FieldError("/email", "This email is taken.")])
    assert sheet.form_errors == {"email": "This email is taken."}
    assert (sheet.form_error, sheet.form_mode, sheet.form_busy) == ("", "edit", False)


def test_a_refusal_without_a_field_stands_above(sheet: Any) -> None:
    with sheet._showing_errors():
        raise Conflict("Not now.")
    assert sheet.form_error == "Not now."


def test_an_unexpected_error_is_not_hidden_in_the_form(sheet: Any) -> None:
    with pytest.raises(RuntimeError), sheet._showing_errors():
        raise RuntimeError
    assert sheet.form_busy is False


@pytest.mark.parametrize(("choice", "kept"), [(MINE, "Anna"), (THEIRS, "Anne")])
def test_a_clash_is_asked_for_and_the_choice_is_saved(sheet: Any, choice: str, kept: str) -> None:
    sheet._begin_save(sent(sheet, name="Anna"))
    saved = {"name": "Anne", "email": "new@example.com"}
    sheet._ask_to_merge(saved, BY_BOB, version=4, labels=LABELS)
    assert [(c["label"], c["mine"], c["theirs"]) for c in sheet.form_clashes] == [("Name", "Anna", "Anne")]
    merged = sheet._begin_save({"nonce": sheet.form_nonce, "keep.name": choice})
    assert merged == {"name": kept, "email": "new@example.com", "password": ""}
    assert sheet.form_version == 4


def test_changes_of_different_fields_are_joined(sheet: Any) -> None:
    sheet._begin_save(sent(sheet, name="Anna"))
    sheet._ask_to_merge({"name": "Ana", "email": "new@example.com"}, BY_BOB, version=4, labels=LABELS)
    assert sheet.form_clashes == []
    assert sheet.form_values == {"name": "Anna", "email": "new@example.com", "password": ""}
    assert "Bob" in sheet.form_error


def test_the_viewers_own_other_tab_is_no_other_person(sheet: Any) -> None:
    vars(sheet.parent_state)["user_id"] = 2
    sheet._begin_save(sent(sheet, name="Anna"))
    sheet._ask_to_merge({"name": "Ana", "email": "new@example.com"}, BY_BOB, version=4, labels=LABELS)
    assert sheet.form_error.startswith("You changed other fields in another tab.")
    sheet._begin_save(sent(sheet, name="Annabel"))
    sheet._ask_to_merge({"name": "Anne", "email": "new@example.com"}, BY_BOB, version=5, labels=LABELS)
    assert (len(sheet.form_clashes), sheet.form_clash_by) == (1, "")
    assert "You saved this in another tab." in str(merge(Sheet))


def test_a_namesake_is_another_person(sheet: Any) -> None:
    vars(sheet.parent_state).update(user_id=3, full_name="Bob")
    sheet._begin_save(sent(sheet, name="Anna"))
    sheet._ask_to_merge({"name": "Anne", "email": "new@example.com"}, BY_BOB, version=4, labels=LABELS)
    assert sheet.form_clash_by == "Bob"


def test_an_unknown_person_is_somebody_else(sheet: Any) -> None:
    sheet._begin_save(sent(sheet, name="Anna"))
    sheet._ask_to_merge({**OPENED, "name": "Anne"}, Stale(), version=4, labels=LABELS)
    assert sheet.form_clash_by == "Someone else"


def test_an_error_that_repeats_the_hint_takes_its_place() -> None:
    shown = str(text_field(Sheet, "email", "Email", hint=t("A hint.")))
    assert re.search(r'form_errors\w*\?\.\["email"\]\S* === t_\("A hint\."\)', shown)


def test_a_refused_merge_shows_the_fields_again(sheet: Any) -> None:
    sheet._begin_save(sent(sheet, email="bad"))
    sheet._ask_to_merge({"name": "Ana", "email": "new@example.com"}, BY_BOB, version=4, labels=LABELS)
    sheet._begin_save({"nonce": sheet.form_nonce, "keep.email": MINE})
    with sheet._showing_errors():
        raise Conflict("No.", errors=[FieldError("/email", "Not an email.")])
    assert sheet.form_clashes == []
    assert sheet.form_values["email"] == "bad"


def test_errors_are_shown_by_field() -> None:
    class Model(BaseModel):
        name: str = Field(min_length=1)
        nick: str = Field(min_length=3, max_length=5)

    with pytest.raises(ValidationError) as caught:
        Model(name="", nick="a")
    assert set(faults_of(caught.value)) == {"name", "nick"}


def test_there_is_one_select_so_that_all_look_alike() -> None:
    """The other one is the hidden field below the box of a `choice_field`."""
    drawn = [path.name for path in (ROOT / "tca_app").rglob("*.py") if "el.select(" in path.read_text()]
    assert sorted(drawn) == ["basic.py", "choices.py"]

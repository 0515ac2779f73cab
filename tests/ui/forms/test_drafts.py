"""A draft that the browser kept returns to the form, with the version that it was typed on."""

import json
from typing import Any, ClassVar

import pytest
from reflex.event import EventSpec

from tca_app.core.errors import Invalid, Stale
from tca_app.tca_app import PAGES
from tca_app.ui.forms.state import SECRETS, FormState
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState

OPENED = {"name": "Ana", "email": "ana@example.com", "password": ""}
KEY = "ab" * 16


class Card(FormState, SessionState):
    """A form of any feature."""

    @handler("signed_in")
    async def open_edit(self, card_id: int) -> None:
        self._open_form("edit", OPENED, row_id=card_id, version=5)

    @handler("signed_in")
    async def open_create(self) -> None:
        self._open_form("create", OPENED)


class Pin(FormState, SessionState):
    """A form whose opener has a name of its own."""

    _openers: ClassVar = {"create": "open_pin"}

    @handler("signed_in")
    async def open_pin(self, card_id: int) -> None:
        self._open_form("create", {"text": ""}, row_id=card_id)


# Event handlers, which the class declares as plain methods.
RESUME: Any = Card.resume_form
RESUME_PIN: Any = Pin.resume_form
CLOSE: Any = Card.close_form
DISCARD: Any = Card.discard_draft


def state_of(cls: type[Any]) -> Any:
    internal = {"_reflex_internal_init": True}
    return cls(parent_state=SessionState(**internal), **internal)


@pytest.fixture
def card() -> Any:
    state = state_of(Card)
    state._open_form("edit", OPENED, row_id=7, version=5)
    return state


def draft(**changes: str) -> dict[str, str]:
    """As the browser sends it: typed over version 3, when the name was Anna and not yet Ana."""
    typed = {"value.name": "Anna B.", "value.email": "ana@example.com"}
    base = {"base.name": "Anna", "base.email": "ana@example.com"}
    return {"mode": "edit", "id": "7", "version": "3", "key": KEY, **base, **typed, **changes}


def called(spec: Any) -> tuple[str, list[str]]:
    assert isinstance(spec, EventSpec)
    return spec.handler.fn.__qualname__, [str(value) for _, value in spec.args]


async def test_the_form_has_the_typed_values_and_the_version_of_the_typing(card: Any) -> None:
    nonce = card.form_nonce
    assert await RESUME.fn(card, draft()) is None
    assert card.form_values == {**OPENED, "name": "Anna B."}
    assert (card.form_version, card._form_base["name"], card.form_key) == (3, "Anna", KEY)
    assert card.form_nonce == nonce  # nothing is drawn anew, so what is typed meanwhile stays


async def test_what_somebody_saved_since_the_typing_is_asked_for(card: Any) -> None:
    await RESUME.fn(card, draft())
    assert card._begin_save({"nonce": card.form_nonce, **OPENED, "name": "Anna B."})["name"] == "Anna B."
    card._ask_to_merge({"name": "Ana", "email": "new@example.com"}, Stale(changed_by="Bob"), version=5, labels={})
    assert [(clash["field"], clash["mine"], clash["theirs"]) for clash in card.form_clashes] == [
        ("name", "Anna B.", "Ana")
    ]
    assert card._form_mine["email"] == "new@example.com"  # nobody typed there: theirs is taken


async def test_a_draft_holds_no_secret_in_either_direction(card: Any) -> None:
    assert set(json.loads(card.form_draft)["base"]) == {"name", "email"}
    await RESUME.fn(card, draft(**{f"value.{name}": "Canary-1" for name in SECRETS}))
    assert "Canary-1" not in repr(card.__getstate__())


async def test_a_draft_brings_no_field_that_the_form_does_not_have(card: Any) -> None:
    await RESUME.fn(card, draft(**{"value.is_superuser": "on", "base.is_superuser": "", "key": "../x"}))
    assert set(card.form_values) == set(OPENED)
    assert card.form_key != "../x"


async def test_a_draft_of_another_record_or_of_a_form_in_use_changes_nothing(card: Any) -> None:
    await RESUME.fn(card, draft(id="8"))
    await RESUME.fn(card, draft(mode="create"))
    card.form_busy = True
    await RESUME.fn(card, draft())
    assert (card.form_values, card.form_version) == (OPENED, 5)


async def test_a_form_that_was_lost_is_opened_by_its_own_event(card: Any) -> None:
    card._hide_form()
    assert called(await RESUME.fn(card, {"mode": "edit", "id": "7"})) == ("Card.open_edit", ["7"])
    assert called(await RESUME.fn(card, {"mode": "create", "id": "0"})) == ("Card.open_create", [])
    assert await RESUME.fn(card, {"mode": "delete", "id": "7"}) is None
    assert called(await RESUME_PIN.fn(state_of(Pin), {"mode": "create", "id": "4"})) == ("Pin.open_pin", ["4"])


async def test_the_browser_learns_what_was_saved_and_what_was_only_closed(card: Any) -> None:
    key = card.form_key
    await CLOSE.fn(card, False)
    assert (card.form_ended, card.form_mode, card.form_draft) == (f"closed {key}", "", "")
    card._open_form("edit", OPENED, row_id=7, version=5)
    await RESUME.fn(card, draft())
    assert card.form_ended == ""
    card._close_form()
    assert card.form_ended == f"saved {KEY}"


async def test_a_page_that_shows_something_else_ends_no_draft(card: Any) -> None:
    card._hide_form()
    assert (card.form_ended, card.form_mode) == ("", "")


async def test_discard_opens_the_form_as_it_is_saved(card: Any) -> None:
    assert called(await DISCARD.fn(card)) == ("Card.open_edit", ["7"])


async def test_a_create_whose_answer_was_lost_is_not_silently_made_twice(card: Any) -> None:
    class KeyReused(Invalid):
        code = "idempotency_key_reused"

    await RESUME.fn(card, draft())
    with card._showing_errors():
        raise KeyReused
    assert "created before the connection was lost" in card.form_error
    assert card.form_ended == f"saved {KEY}"
    assert card.form_key not in ("", KEY)


def forms_of(cls: type[Any]) -> list[type[Any]]:
    below = [form for sub in cls.__subclasses__() for form in forms_of(sub)]
    return [*below, cls] if hasattr(cls, "_openers") and cls.__module__.startswith("tca_app.features") else below


def test_every_form_of_the_console_can_be_opened_again() -> None:
    assert PAGES  # they import every state
    forms = forms_of(SessionState)
    lost = [
        form.__name__
        for form in forms
        if form._opener is FormState._opener and not any(hasattr(form, name) for name in form._openers.values())
    ]
    assert len(forms) > 8
    assert lost == ["PasswordState"]  # nothing but secrets is typed there

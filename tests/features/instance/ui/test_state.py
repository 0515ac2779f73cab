"""The page `/admin`, without a browser."""

import base64
from collections.abc import AsyncIterator

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.features.instance import service
from tca_app.features.instance.schemas import InstanceUpdate, LogoUpdate
from tca_app.features.instance.ui.state import HistoryState, InstanceState, LogoState
from tca_app.ui.layout.brand import app_name
from tca_app.ui.session import SessionState
from tests.factories import make_admin, make_user, run
from tests.features.instance.test_instance import PNG
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture(autouse=True)
def only_one_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "__pydantic_fields_set__", {"session_idle_minutes"})


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def admin_page(console: Console, actor: Actor, path: str = "/admin") -> Tab:
    tab = Tab(console, f"{actor.username} {path}", await sign_in(actor), path)
    await tab.hydrate()
    return tab


async def test_an_administrator_changes_what_the_environment_does_not_set(console: Console) -> None:
    tab = await admin_page(console, await make_admin())
    updates = await tab.send(InstanceState.load)
    values = shown(updates, InstanceState, "form_values")
    assert (values["session_days"], "session_idle_minutes" in values) == ("7", False)
    assert shown(updates, InstanceState, "fixed") == {"session_idle_minutes": "SESSION_IDLE_MINUTES"}
    assert shown(updates, InstanceState, "fixed_values") == {"session_idle_minutes": "720"}
    form = values | {"nonce": shown(updates, InstanceState, "form_nonce"), "app_name": "Acme", "status_public": "on"}
    updates = await tab.send(InstanceState.save, form=form)
    assert shown(updates, InstanceState, "form_values")["status_public"] == "on"
    assert shown(updates, SessionState, "instance_name") == "Acme"


async def test_a_number_that_is_none_is_refused_at_its_field(console: Console) -> None:
    tab = await admin_page(console, await make_admin())
    updates = await tab.send(InstanceState.load)
    values = shown(updates, InstanceState, "form_values")
    form = values | {"nonce": shown(updates, InstanceState, "form_nonce"), "session_days": "9e9", "time_zone": "Mars"}
    updates = await tab.send(InstanceState.save, form=form)
    errors = shown(updates, InstanceState, "form_errors")
    assert errors["session_days"] == "Enter a whole number."
    assert errors["time_zone"] == "Enter a time zone, such as Europe/Berlin or UTC."


async def test_two_administrators_merge_their_changes(console: Console) -> None:
    ada, bob = await make_admin("ada"), await make_admin("bob")
    tab = await admin_page(console, ada)
    updates = await tab.send(InstanceState.load)
    form = shown(updates, InstanceState, "form_values") | {"nonce": shown(updates, InstanceState, "form_nonce")}
    await run(service.update_instance, bob, InstanceUpdate(session_days=3, time_zone="Asia/Tokyo"))
    updates = await tab.send(InstanceState.save, form=form | {"session_days": "5"})
    clash = {"field": "session_days", "label": "Longest session (days)", "mine": "5", "theirs": "3"}
    assert shown(updates, InstanceState, "form_clashes") == [clash]
    assert shown(updates, InstanceState, "form_clash_by") == "Bob"
    form = {"nonce": shown(updates, InstanceState, "form_nonce") or form["nonce"], "keep.session_days": "mine"}
    updates = await tab.send(InstanceState.save, form=form)
    saved = shown(updates, InstanceState, "form_values")
    assert (saved["session_days"], saved["time_zone"]) == ("5", "Asia/Tokyo")


async def test_another_logo_is_no_conflict_with_the_form(console: Console) -> None:
    ada = await make_admin("ada")
    tab = await admin_page(console, ada)
    updates = await tab.send(InstanceState.load)
    form = shown(updates, InstanceState, "form_values") | {"nonce": shown(updates, InstanceState, "form_nonce")}
    await run(service.put_logo, ada, LogoUpdate(content=base64.b64encode(PNG).decode()))
    await tab.send(InstanceState.refresh)
    updates = await tab.send(InstanceState.save, form=form | {"session_days": "5"})
    assert shown(updates, InstanceState, "form_values")["session_days"] == "5"


async def test_the_history_shows_each_change(console: Console) -> None:
    ada = await make_admin("ada")
    await run(service.update_instance, ada, InstanceUpdate(password_min_length=12))
    tab = await admin_page(console, ada, "/admin?tab=history")
    [entry] = shown(await tab.send(HistoryState.load), HistoryState, "entries")
    assert entry["summary"] == "Ada changed the settings of TCA InfraForge"
    change = {"field": "Minimum length of passwords", "before": "8", "after": "12", "plain": ""}
    assert entry["changes"] == [change]


async def test_others_are_refused(console: Console) -> None:
    tab = await admin_page(console, await make_user())
    for name in (InstanceState.load, LogoState.open_upload, HistoryState.load):
        await tab.send(name)
    assert not shown(await tab.send(SessionState.enter), LogoState, "is_choosing")


async def test_one_build_of_the_pages_serves_any_name(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    built = str(app_name())
    monkeypatch.setattr(get_settings(), "app_name", "Forge")
    monkeypatch.setattr(get_settings(), "__pydantic_fields_set__", {"session_idle_minutes", "app_name"})
    assert str(app_name()) == built
    tab = Tab(console, "stranger", "", "/login")
    assert shown(await tab.hydrate(), SessionState, "instance_name") == "Forge"

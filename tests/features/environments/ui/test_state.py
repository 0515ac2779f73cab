"""Environments and freeze windows in the settings of a project, without a browser."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.features.environments import freezes, service as environments
from tca_app.features.environments.schemas import EnvironmentUpdate
from tca_app.features.environments.ui.freeze_state import FreezeState
from tca_app.features.environments.ui.freezes_state import FreezesState
from tca_app.features.environments.ui.state import EnvironmentsState
from tests.factories import environment_of, make_admin, make_deployment, make_freeze, make_project, make_user, run
from tests.ui.harness import Console, Tab, console_on, in_bulk, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def settings(console: Console) -> tuple[Tab, int]:
    """The settings of a new project, open before its owner."""
    owner = await make_user("olga")
    project_id = await make_project(owner)
    tab = Tab(console, "t1", await sign_in(owner), f"/projects/{project_id}?tab=settings")
    await tab.hydrate()
    await tab.send(EnvironmentsState.load)
    await tab.send(FreezesState.load)
    return tab, project_id


async def test_an_environment_is_added_and_deleted(console: Console) -> None:
    tab, project_id = await settings(console)
    nonce = shown(await tab.send(EnvironmentsState.open_create, project_id=project_id), EnvironmentsState, "form_nonce")
    form = {"nonce": nonce, "name": "eu", "url": "", "rank": "x", "tier": "", "is_protected": "on"}
    refused = await tab.send(EnvironmentsState.save, form=form)
    assert "rank" in shown(refused, EnvironmentsState, "form_errors")
    listed = shown(
        await tab.send(EnvironmentsState.save, form=form | {"rank": "31"}), EnvironmentsState, "environments"
    )
    assert (listed[-1]["name"], listed[-1]["is_protected"], listed[-1]["allow_parallel"]) == ("eu", True, False)
    await tab.send(EnvironmentsState.ask_delete, project_id=project_id, environment_id=listed[-1]["id"])
    left = shown(await tab.send(EnvironmentsState.delete, _form={}), EnvironmentsState, "environments")
    assert [place["name"] for place in left] == ["development", "staging", "production"]


async def test_the_tier_is_shown_and_chosen(console: Console) -> None:
    tab, project_id = await settings(console)
    nonce = shown(await tab.send(EnvironmentsState.open_create, project_id=project_id), EnvironmentsState, "form_nonce")
    form = {"nonce": nonce, "name": "prod-eu", "url": "", "rank": "31", "tier": ""}
    listed = shown(await tab.send(EnvironmentsState.save, form=form), EnvironmentsState, "environments")
    assert [place["tier"] for place in listed] == ["Development", "Staging", "Production", "Production"]
    eu = listed[-1]["id"]
    opened = await tab.send(EnvironmentsState.open_edit, project_id=project_id, environment_id=eu)
    assert shown(opened, EnvironmentsState, "form_values")["tier"] == "production"
    form |= {"nonce": shown(opened, EnvironmentsState, "form_nonce")}
    refused = await tab.send(EnvironmentsState.save, form=form | {"tier": "live"})
    assert "tier" in shown(refused, EnvironmentsState, "form_errors")
    saved = await tab.send(EnvironmentsState.save, form=form | {"tier": "testing"})
    assert shown(saved, EnvironmentsState, "environments")[-1]["tier"] == "Testing"


async def test_who_saves_second_is_asked(console: Console) -> None:
    tab, project_id = await settings(console)
    staging = await environment_of(project_id, "staging")
    updates = await tab.send(EnvironmentsState.open_edit, project_id=project_id, environment_id=staging)
    other = await make_user("mia", is_superuser=True)
    change = EnvironmentUpdate(url="https://theirs.example.com")
    await run(environments.update_environment, other, project_id, staging, change)
    form = {
        "nonce": shown(updates, EnvironmentsState, "form_nonce"),
        "name": "staging",
        "rank": "20",
        "tier": "staging",
    }
    clash = await tab.send(EnvironmentsState.save, form=form | {"url": "https://mine.example.com"})
    (asked,) = shown(clash, EnvironmentsState, "form_clashes")
    assert (asked["label"], asked["theirs"]) == ("URL", "https://theirs.example.com")


async def test_what_is_in_use_is_not_deleted(console: Console) -> None:
    tab, project_id = await settings(console)
    await make_deployment(project_id)
    await tab.send(EnvironmentsState.ask_delete, project_id=project_id, environment_id=await environment_of(project_id))
    updates = await tab.send(EnvironmentsState.delete, _form={})
    assert "not finished" in shown(updates, EnvironmentsState, "remove_error")


async def test_a_freeze_is_typed_and_shown_in_the_zone_of_the_viewer(console: Console) -> None:
    tab, project_id = await settings(console)
    tab.headers["cookie"] += "; time_zone=Europe/Berlin"
    opened = await tab.send(FreezeState.open_create, project_id=project_id)
    assert shown(opened, FreezeState, "zone_text").startswith("Europe/Berlin, UTC+")
    form = {"nonce": shown(opened, FreezeState, "form_nonce"), "environment_id": "", "why": "Christmas"}
    skipped = form | {"starts_at": "2099-03-29T02:30", "ends_at": "2099-04-01T00:00"}
    refused = await tab.send(FreezeState.save, form=skipped)
    assert "skip" in shown(refused, FreezeState, "form_errors")["starts_at"]
    times = {"starts_at": "2098-12-24T18:00", "ends_at": "2098-12-27T08:30"}
    (window,) = shown(await tab.send(FreezeState.save, form=form | times), FreezesState, "rows")
    assert window["when"] == "2098-12-24 18:00 to 2098-12-27 08:30 (Europe/Berlin, UTC+1)"
    (stored,) = await run(freezes.list_freezes, await make_admin(), project_id)
    assert (stored.starts_at, stored.ends_at) == (
        datetime(2098, 12, 24, 17, tzinfo=UTC),
        datetime(2098, 12, 27, 7, 30, tzinfo=UTC),
    )


async def test_a_freeze_is_set_and_lifted(console: Console) -> None:
    tab, project_id = await settings(console)
    nonce = shown(await tab.send(FreezeState.open_create, project_id=project_id), FreezeState, "form_nonce")
    form = {"nonce": nonce, "environment_id": "", "why": "Christmas", "starts_at": "2026-01-01T00:00", "ends_at": ""}
    refused = await tab.send(FreezeState.save, form=form)
    assert "ends_at" in shown(refused, FreezeState, "form_errors")
    (window,) = shown(
        await tab.send(FreezeState.save, form=form | {"ends_at": "2099-01-01T00:00"}), FreezesState, "rows"
    )
    assert (window["where"], window["why"]) == ("All environments", "Christmas")
    asked = await tab.send(FreezesState.ask_lift, project_id=project_id, freeze_id=window["id"])
    assert shown(asked, FreezesState, "removed_name") == "Christmas"
    said = shown(asked, FreezesState, "lift_text")
    assert said == f"All environments, {window['when']}. New deployments are possible again immediately, " + (
        "unless another freeze applies."
    )
    assert len(await run(freezes.list_freezes, await make_admin(), project_id)) == 1
    assert shown(await tab.send(FreezesState.lift, _form={}), FreezesState, "rows") == []


async def test_the_confirmation_of_a_planned_freeze_says_that_nothing_changes_now(console: Console) -> None:
    tab, project_id = await settings(console)
    start = datetime(2098, 1, 1, tzinfo=UTC)
    await make_freeze(project_id, starts_at=start, ends_at=start + timedelta(days=1))
    [window] = shown(await tab.send(FreezesState.load), FreezesState, "rows")
    asked = await tab.send(FreezesState.ask_lift, project_id=project_id, freeze_id=window["id"])
    assert shown(asked, FreezesState, "lift_text").endswith("New deployments stay possible in this time.")
    refused = await tab.send(FreezesState.ask_lift, project_id=project_id, freeze_id=window["id"] + 1)
    assert shown(refused, FreezesState, "removed_id") is None
    asked = await tab.send(FreezesState.ask_rows, action="lift", ids=[window["id"]])
    assert shown(asked, FreezesState, "bulk_text") == "New deployments stay possible in this time."
    await make_freeze(project_id)  # with an active one among them
    await tab.send(FreezesState.load)
    await tab.send(FreezesState.toggle_all)
    asked = await tab.send(FreezesState.ask_bulk, action="lift")
    assert shown(asked, FreezesState, "bulk_text").startswith("New deployments are possible again immediately")


async def test_a_draft_of_a_lost_form_opens_the_form_of_its_environment_and_keeps_the_typing(console: Console) -> None:
    tab, project_id = await settings(console)
    staging = await environment_of(project_id, "staging")
    draft = {"mode": "edit", "id": str(staging), "version": "1", "key": "ab" * 16, "value.name": "preview"}
    opened = await tab.send(EnvironmentsState.resume_form, draft={"mode": "edit", "id": str(staging)})
    assert shown(opened, EnvironmentsState, "form_id") == staging
    nonce = shown(opened, EnvironmentsState, "form_nonce")
    put_back = await tab.send(EnvironmentsState.resume_form, draft=draft)
    values = shown(put_back, EnvironmentsState, "form_values")
    assert values["name"] == "preview"
    saved = await tab.send(EnvironmentsState.save, form=values | {"nonce": nonce})
    assert "preview" in [row["name"] for row in shown(saved, EnvironmentsState, "environments")]
    assert shown(saved, EnvironmentsState, "form_ended") == f"saved {'ab' * 16}"
    opened = await tab.send(FreezeState.resume_form, draft={"mode": "create", "id": "0"})
    assert shown(opened, FreezeState, "form_mode") == "create"


async def test_many_freezes_are_lifted_but_not_those_of_another_project(console: Console) -> None:
    tab, project_id = await settings(console)
    other = await make_project(await make_user())
    for why in ("Christmas", "Audit"):
        await make_freeze(project_id, why=why)
    await make_freeze(other)
    admin = await make_admin()
    [foreign] = await run(freezes.list_freezes, admin, other)
    rows = shown(await tab.send(FreezesState.load), FreezesState, "rows")
    text, refused, updates = await in_bulk(tab, FreezesState, "lift", *(row["id"] for row in rows), foreign.id)
    assert (text, refused) == ("2 freeze windows lifted, 1 refused", [f"Freeze window {foreign.id}"])
    assert shown(updates, FreezesState, "rows") == []
    assert len(await run(freezes.list_freezes, admin, other)) == 1

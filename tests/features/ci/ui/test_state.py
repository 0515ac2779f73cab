"""Trusted issuers in the settings of a project, without a browser."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.features.ci import service as trusts
from tca_app.features.ci.schemas import GITHUB, GITLAB, TrustUpdate
from tca_app.features.ci.ui.state import TrustsState
from tests.factories import make_project, make_trust, make_user, run
from tests.ui.harness import Console, Tab, console_on, shown, sign_in

FORM = {
    "name": "Release",
    "preset": "github",
    "issuer": "",
    "repository": " acme/ledger ",
    "ref": "",
    "environment": "production",
    "others": "repository_owner_id = 65\n\n",
}
CLAIMS = {"repository": "acme/ledger", "environment": "production", "repository_owner_id": "65"}


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def settings_of(console: Console, actor: Actor, project_id: int) -> Tab:
    path = f"/projects/{project_id}?tab=settings"
    tab = Tab(console, f"{actor.username} {path}", await sign_in(actor), path)
    await tab.hydrate()
    await tab.send(TrustsState.load)
    return tab


async def submit(tab: Tab, opened: list[Any], **fields: str) -> list[Any]:
    nonce = shown(opened, TrustsState, "form_nonce")
    return await tab.send(TrustsState.save, form={"nonce": nonce, **FORM, **fields})


async def test_jobs_are_trusted_edited_and_removed_after_a_confirmation(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    tab = await settings_of(console, owner, project_id)
    await submit(tab, await tab.send(TrustsState.open_create, project_id=project_id))
    (trust,) = await run(trusts.list_trusts, owner, project_id)
    assert (trust.name, trust.issuer, trust.claims) == ("Release", GITHUB, CLAIMS)
    updates = await tab.send(TrustsState.refresh)
    (row,) = shown(updates, TrustsState, "rows")
    assert (row["issuer"], row["last_used_at"]) == ("GitHub Actions", "")
    assert row["claims"] == ["repository: acme/ledger", "environment: production", "repository_owner_id: 65"]
    opened = await tab.send(TrustsState.open_edit, project_id=project_id, trust_id=trust.id)
    values = shown(opened, TrustsState, "form_values")
    assert values == {**FORM, "repository": "acme/ledger", "others": "repository_owner_id=65"}
    await submit(tab, opened, preset="gitlab", repository="acme/platform", ref="main", environment="", others="")
    (trust,) = await run(trusts.list_trusts, owner, project_id)
    assert (trust.issuer, trust.claims) == (GITLAB, {"project_path": "acme/platform", "ref": "main"})
    await tab.send(TrustsState.refresh)
    await tab.send(TrustsState.remove, _form={})
    assert len(await run(trusts.list_trusts, owner, project_id)) == 1
    await tab.send(TrustsState.ask_remove, project_id=project_id, trust_id=trust.id)
    await tab.send(TrustsState.remove, _form={})
    assert await run(trusts.list_trusts, owner, project_id) == []
    assert shown(await tab.send(TrustsState.refresh), TrustsState, "phase") in (None, "list")


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": ""}, "name", "Required."),
        ({"preset": "other"}, "issuer", "Required."),
        ({"issuer": "http://ci.example.com"}, "issuer", "https://"),
        ({"repository": ""}, "repository", "Name the repository"),
        ({"repository": "", "environment": "", "others": ""}, "repository", "in other claims"),
        ({"repository": "acme*"}, "repository", "owner/*"),
        ({"repository": "a*b"}, "repository", "characters"),
        ({"preset": "gitlab", "repository": "a*b"}, "repository", "characters"),
        ({"ref": "a*b"}, "ref", "characters"),
        ({"others": "no claim"}, "others", "name=value"),
        ({"others": "repository=acme/other"}, "others", "once"),
        ({"others": "a b=c"}, "others", "characters"),
        ({"others": "actor=a*b"}, "others", "characters"),
    ],
)
async def test_a_refusal_stands_at_its_field(console: Console, fields: dict[str, str], field: str, words: str) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    tab = await settings_of(console, owner, project_id)
    updates = await submit(tab, await tab.send(TrustsState.open_create, project_id=project_id), **fields)
    assert words in shown(updates, TrustsState, "form_errors")[field]
    assert await run(trusts.list_trusts, owner, project_id) == []


async def test_another_issuer_is_named_by_its_url(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    tab = await settings_of(console, owner, project_id)
    opened = await tab.send(TrustsState.open_create, project_id=project_id)
    await submit(tab, opened, preset="other", issuer="https://ci.example.com", repository="", others="sub=ledger")
    (trust,) = await run(trusts.list_trusts, owner, project_id)
    assert (trust.issuer, trust.claims) == ("https://ci.example.com", {"environment": "production", "sub": "ledger"})
    opened = await tab.send(TrustsState.open_edit, project_id=project_id, trust_id=trust.id)
    assert shown(opened, TrustsState, "form_values")["preset"] == "other"


async def test_a_deployer_is_shown_nothing_of_it(console: Console) -> None:
    deployer = await make_user()
    project_id = await make_project(await make_user(), team={deployer: "deployer"})
    tab = await settings_of(console, deployer, project_id)
    assert not shown(await tab.send(TrustsState.refresh), TrustsState, "phase")
    await submit(tab, await tab.send(TrustsState.open_create, project_id=project_id))
    assert not shown(await tab.send(TrustsState.refresh), TrustsState, "rows")


async def test_what_was_asked_for_on_another_project_changes_nothing(console: Console) -> None:
    owner = await make_user()
    one, two = await make_project(owner), await make_project(owner)
    made = [await make_trust(owner, project_id) for project_id in (one, two)]
    tab = await settings_of(console, owner, one)
    await tab.send(TrustsState.ask_remove, project_id=one, trust_id=made[0])
    tab.path = f"/projects/{two}?tab=settings"
    await tab.send(TrustsState.remove, _form={})
    await tab.send(TrustsState.load)
    await tab.send(TrustsState.remove, _form={})
    for project_id in (one, two):
        assert len(await run(trusts.list_trusts, owner, project_id)) == 1


async def test_two_changes_of_one_issuer_are_merged(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    trust_id = await make_trust(owner, project_id)
    tab = await settings_of(console, owner, project_id)
    opened = await tab.send(TrustsState.open_edit, project_id=project_id, trust_id=trust_id)
    await run(trusts.update_trust, owner, project_id, trust_id, TrustUpdate(name="Nightly"))
    answered = await submit(tab, opened, repository="acme/ledger", environment="staging", others="")
    assert "changed other fields in another tab" in shown(answered, TrustsState, "form_error")
    assert shown(answered, TrustsState, "form_values")["name"] == "Nightly"
    assert shown(answered, TrustsState, "form_values")["environment"] == "staging"

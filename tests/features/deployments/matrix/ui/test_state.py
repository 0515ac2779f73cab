"""The environment matrix of `/deployments`, without a browser."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import insert, update

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.core.lists import query
from tca_app.features.deployments.matrix.ui import state
from tca_app.features.deployments.matrix.ui.pages import matrix_view
from tca_app.features.deployments.matrix.ui.state import MatrixState
from tca_app.models import Environment, Group, GroupMember, ProjectGroup
from tca_app.ui.session import SessionState
from tca_app.ui.table import preferences
from tests.factories import make_deployment, make_project, make_user
from tests.ui.harness import Console, Tab, console_on, redirects, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def open_page(console: Console, actor: Actor, path: str) -> Tab:
    tab = Tab(console, f"{actor.username} {path}", await sign_in(actor), path)
    await tab.hydrate()
    return tab


async def test_the_matrix_has_pages_in_both_orders(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "PAGE_SIZES", (2, 50))
    owner = await make_user()
    for name in ("Cargo", "Atlas", "Beacon"):
        await make_project(owner, name)
    assert await matrix(console, owner, "") == ["Atlas", "Beacon", "Cargo"]
    assert await matrix(console, owner, "&size=2&sort=-name") == ["Cargo", "Beacon"]
    tab = await open_page(console, owner, "/deployments?view=where&size=2&page=9")
    updates = await tab.send(MatrixState.load)
    assert [line["project"] for line in shown(updates, MatrixState, "rows")] == ["Cargo"]
    assert (shown(updates, MatrixState, "total"), shown(updates, MatrixState, "page")) == (3, 2)
    assert redirects(updates) == ["/deployments?view=where&size=2&page=2"]


async def matrix(console: Console, actor: Actor, query: str) -> list[str]:
    tab = await open_page(console, actor, f"/deployments?view=where{query}")
    return [line["project"] for line in shown(await tab.send(MatrixState.load), MatrixState, "rows") or []]


async def options(tab: Tab, key: str) -> list[tuple[str, str]]:
    updates = await tab.send(MatrixState.show_filter, key=key, is_open=True)
    return [(option["label"], option["count"]) for option in shown(updates, MatrixState, "options")]


async def test_the_matrix_is_searched_and_filtered_by_drift_and_group(console: Console) -> None:
    owner, stranger = await make_user(), await make_user()
    repository = {"repository_url": "https://git.example.com/x"}
    billing, ledger = await make_project(owner, "Billing", **repository), await make_project(owner, "Ledger")
    earlier = datetime.now(UTC) - timedelta(hours=1)
    old = {"status": "succeeded", "version": "1.0.0", "commit_sha": "aaaaaaa", "finished_at": earlier}
    await make_deployment(billing, "production", **old)
    await make_deployment(billing, "staging", status="succeeded", version="1.1.0", commit_sha="bbbbbbb")
    await make_deployment(ledger, "production", status="succeeded", version="5.0.0")
    async with transaction() as session:
        group_id = (await session.execute(insert(Group).values(name="Payments").returning(Group.id))).scalar_one()
        await session.execute(insert(ProjectGroup).values(project_id=ledger, group_id=group_id, role="viewer"))
        await session.execute(insert(GroupMember).values(group_id=group_id, user_id=owner.user_id))
    assert await matrix(console, owner, "") == ["Billing", "Ledger"]
    assert await matrix(console, owner, "&q=LEDG") == ["Ledger"]
    assert await matrix(console, owner, "&drift=behind") == ["Billing"]
    assert await matrix(console, owner, "&drift=current") == ["Ledger"]
    assert await matrix(console, owner, f"&group={group_id}") == ["Ledger"]
    assert await matrix(console, owner, "&drift=behind&q=ledger") == []
    assert await matrix(console, stranger, f"&group={group_id}") == []
    tab = await open_page(console, owner, "/deployments?view=where&drift=behind")
    updates = await tab.send(MatrixState.load)
    (line,) = shown(updates, MatrixState, "rows")
    _, staging, production = line["cells"]
    assert (staging["version"], staging.get("behind")) == ("1.1.0", None)
    compare = "https://git.example.com/x/compare/aaaaaaa...bbbbbbb"
    assert (production["behind"], production["compare"]) == (1, compare)
    assert await options(tab, "group") == []
    assert await options(tab, "drift") == [("Behind", "1"), ("Not behind", "1")]
    tab = await open_page(console, owner, f"/deployments?view=where&group={group_id}&group=999")
    updates = await tab.send(MatrixState.load)
    assert [chip["text"] for chip in shown(updates, MatrixState, "chips")] == ["Group: Payments", "Group: unknown"]
    assert await options(tab, "group") == [("Payments", "1")]
    assert await options(tab, "drift") == [("Behind", "0"), ("Not behind", "1")]
    tab = await open_page(console, stranger, f"/deployments?view=where&group={group_id}")
    updates = await tab.send(MatrixState.load)
    assert [chip["text"] for chip in shown(updates, MatrixState, "chips")] == ["Group: unknown"]
    assert await options(tab, "group") == []


async def test_the_matrix_has_a_column_for_each_environment(console: Console) -> None:
    owner = await make_user()
    billing, other = await make_project(owner, "Billing"), await make_project(owner, "Ledger")
    async with transaction() as session:
        named = (Environment.project_id == other) & (Environment.name == "staging")
        await session.execute(update(Environment).where(named).values(name="canary"))
    await make_deployment(billing, status="succeeded", version="1.0.0")
    tab = await open_page(console, owner, "/deployments?view=where")
    updates = await tab.send(MatrixState.load)
    assert shown(updates, MatrixState, "columns") == ["development", "canary", "staging", "production"]
    first, second = shown(updates, MatrixState, "rows")
    assert first["cells"][:3] == [{}, {"is_missing": True}, {}]
    assert first["cells"][3]["version"] == "1.0.0"
    assert (second["project"], second["cells"][1]) == ("Ledger", {})


async def test_hidden_environments_have_a_limit_and_can_all_be_shown_again(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preferences, "MAX_HIDDEN", 2)
    owner = await make_user()
    await make_project(owner, "Billing")
    tab = await open_page(console, owner, "/deployments?view=where")
    await tab.send(MatrixState.load)
    for name in ("gone", "staging"):
        await tab.send(MatrixState.show_column, key=f"environment:{name}", is_shown=False)
    updates = await tab.send(MatrixState.show_column, key="environment:production", is_shown=False)
    (toast,) = shown(updates, SessionState, "toasts")
    assert (toast["kind"], toast["text"]) == ("error", "At most 2 columns can be hidden. Show another one first.")
    await tab.send(MatrixState.show_column, key="environment:staging", is_shown=True)
    environments = shown(await tab.hydrate(), MatrixState, "environments")
    assert {entry["name"] for entry in environments} == {"development", "staging", "production", "gone"}
    updates = await tab.send(MatrixState.show_column, key="environment:gone", is_shown=True)
    assert shown(updates, MatrixState, "hidden_columns") == []


async def in_group(name: str, project_id: int, member: Actor) -> None:
    async with transaction() as session:
        group_id = (await session.execute(insert(Group).values(name=name).returning(Group.id))).scalar_one()
        await session.execute(insert(ProjectGroup).values(project_id=project_id, group_id=group_id, role="viewer"))
        await session.execute(insert(GroupMember).values(group_id=group_id, user_id=member.user_id))


@pytest.mark.parametrize(
    ("sort", "projects"),
    [
        ("group", ["Cargo", "Atlas", "Beacon"]),
        ("-group", ["Atlas", "Cargo", "Beacon"]),
        ("age:production", ["Beacon", "Cargo", "Atlas"]),
        ("-age:PRODUCTION", ["Cargo", "Beacon", "Atlas"]),
        ("drift:production", ["Beacon", "Cargo", "Atlas"]),
        ("-drift:production", ["Cargo", "Beacon", "Atlas"]),
        ("age:nowhere", ["Atlas", "Beacon", "Cargo"]),
        ("age:", ["Atlas", "Beacon", "Cargo"]),
        ("size:production", ["Atlas", "Beacon", "Cargo"]),
    ],
)
async def test_the_matrix_is_sorted_by_group_and_by_each_environment(
    console: Console, sort: str, projects: list[str]
) -> None:
    owner, now = await make_user(), datetime.now(UTC)
    atlas, beacon, cargo = [await make_project(owner, name) for name in ("Atlas", "Beacon", "Cargo")]
    await in_group("Alpha", cargo, owner)
    await in_group("Beta", atlas, owner)
    await in_group("Aaa, of others", beacon, await make_user())
    for project_id, version, days in ((beacon, "1", 1), (cargo, "1", 9)):
        at = now - timedelta(days=days)
        await make_deployment(project_id, "production", status="succeeded", version=version, finished_at=at)
    await make_deployment(cargo, "staging", status="succeeded", version="2")
    assert await matrix(console, owner, f"&sort={sort}") == projects


async def test_only_the_lines_that_changed_are_sent_again(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = await make_user()
    first, second = await make_project(owner, "Atlas"), await make_project(owner, "Beacon")
    tab = await open_page(console, owner, "/deployments?view=where")
    assert len(shown(await tab.send(MatrixState.load), MatrixState, "rows")) == 2
    await make_deployment(second, status="succeeded", version="1.0.0")
    updates = await tab.send(MatrixState.load)
    assert not shown(updates, MatrixState, "rows")
    (line,) = shown(updates, MatrixState, "changes").values()
    assert (line["id"], line["cells"][2]["version"]) == (second, "1.0.0")
    assert shown(updates, MatrixState, "flashed") == [second]
    assert not shown(await tab.send(MatrixState.load), MatrixState, "changes"), "nothing changed"
    monkeypatch.setattr(state, "MAX_CHANGES", 1)
    await make_deployment(first, status="succeeded", version="2.0.0")
    updates = await tab.send(MatrixState.load)
    assert [line["cells"][2].get("version") for line in shown(updates, MatrixState, "rows")] == ["2.0.0", "1.0.0"]
    assert shown(updates, MatrixState, "changes") == {}


def test_the_title_of_what_is_behind_says_where_it_leads() -> None:
    page = str(matrix_view())
    start = page.index('t_("Compare with the newest release")')
    assert 't_("Open the deployment")' in page[start : start + 100]

"""The user pages without a browser: events of a tab, what it shows, and what is stored."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from reflex_base.registry import RegistrationContext
from reflex_base.utils.format import format_event_handler

from tca_app.core.actor import Actor
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserUpdate
from tca_app.features.users.ui.actions_state import ActState
from tca_app.features.users.ui.detail_state import UserState
from tca_app.features.users.ui.edit_state import UserFormState
from tca_app.features.users.ui.state import UsersState
from tca_app.models import Project, User
from tca_app.ui import routes
from tca_app.ui.handlers import permission_of
from tca_app.ui.session import SessionState
from tca_app.ui.url import record_id
from tests.factories import PASSWORD, make_admin, make_project, make_user, row_of, run
from tests.ui.harness import Console, Tab, console_on, redirects, shown, sign_in

NEW = {"email": "new@example.com", "username": "newbie", "full_name": "New Bee", "password": PASSWORD}
STATES = (UsersState, UserState, UserFormState, ActState)


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def open_tab(console: Console, actor: Actor, path: str = "/users") -> Tab:
    """A tab with that page; `load` is the on_load of the page."""
    tab = Tab(console, f"tab of {actor.username} {path}", await sign_in(actor), path)
    await tab.hydrate()
    await tab.send(UsersState.load if path.startswith("/users?") or path == "/users" else UserState.load)
    return tab


def toast_texts(updates: list[Any]) -> list[str]:
    return [toast["text"] for toast in shown(updates, SessionState, "toasts") or []]


def names(updates: list[Any]) -> list[str]:
    return [row["username"] for row in shown(updates, UsersState, "rows")]


async def save(tab: Tab, opened: list[Any], **values: str) -> list[Any]:
    """Send the form that `opened` showed, with these values in it."""
    nonce = shown(opened, UserFormState, "form_nonce")
    return await tab.send(UserFormState.save, form={"nonce": nonce, **values})


async def test_a_member_can_call_none_of_the_administrators_handlers(console: Console) -> None:
    victim = await make_user("victim")
    tab = await open_tab(console, await make_user("member"), "/dashboard")
    payloads = {
        UserFormState.open_password: {"user_id": victim.user_id},
        ActState.ask: {"act": "delete", "user_id": victim.user_id},
        ActState.activate: {"user_id": victim.user_id},
        UsersState.undo_rows: {"action": "restore", "ids": [victim.user_id]},
        UsersState.ask_rows: {"action": "delete", "ids": [victim.user_id]},
        UsersState.ask_bulk: {"action": "delete"},
    }
    names_ = {format_event_handler(event): payload for event, payload in payloads.items()}
    for name in RegistrationContext.get().event_handlers:
        if permission_of(name) == "users.manage" and any(f".{s.get_name()}." in name for s in STATES):
            updates = await tab.send(name, **names_.get(name, {}))
            assert toast_texts(updates)[-1] == "You do not have permission to do this.", name
            assert "victim" not in repr(updates)
    assert (await row_of(User, victim.user_id))["version"] == 1


async def test_a_member_sees_no_page_but_their_own(console: Console) -> None:
    stranger = await make_user("stranger")
    member = await make_user("member")
    for path in (f"/users/{stranger.user_id}", "/users/999999", "/users/abc", f"/users/{2**63}"):
        tab = await open_tab(console, member, path)
        updates = await tab.send(UserState.load)
        assert shown(await tab.hydrate(), UserState, "is_missing") is True
        assert "stranger" not in repr(updates)
        assert "stranger" not in repr(await tab.send(UserFormState.open_edit, user_id=stranger.user_id))
    own = await open_tab(console, member, f"/users/{member.user_id}")
    updates = await own.hydrate()
    assert shown(updates, UserState, "person")["username"] == "member"


async def test_the_url_says_what_is_listed(console: Console) -> None:
    admin = await make_admin("boss")
    await make_user("ana")
    await make_user("bob", is_active=False)
    await make_user("gone", is_active=False)
    await run(users.delete_user, admin, (await make_user("trashed")).user_id)

    async def listed(query: str) -> list[str]:
        tab = await open_tab(console, admin, f"/users?{query}")
        return names(await tab.hydrate())

    assert await listed("sort=username") == ["ana", "bob", "boss", "gone"]
    assert await listed("status=inactive&sort=-username") == ["gone", "bob"]
    assert await listed("role=admin") == ["boss"]
    assert await listed("view=trash") == ["trashed"]
    assert await listed("q=AN%C3%81") == ["ana"]
    assert await listed("q=%25") == []
    assert await listed("q=an%01%E2%80%AE") == ["ana"]


async def test_a_person_is_created_once_however_often_it_is_clicked(console: Console) -> None:
    tab = await open_tab(console, await make_admin())
    opened = await tab.send(UserFormState.open_create)
    updates = await save(tab, opened, **NEW, is_superuser="on")
    assert shown(updates, UserFormState, "form_mode") == ""
    assert toast_texts(updates) == ["User newbie created"]
    assert names(updates)[0] == "newbie"
    assert PASSWORD not in repr(updates)
    again = await save(tab, opened, **NEW)
    assert shown(again, UserFormState, "form_errors") in (None, {})
    assert not toast_texts(again)


@pytest.mark.parametrize(
    ("change", "field", "text"),
    [
        ({"email": "taken@example.com"}, "email", "This email address is taken."),
        ({"username": "TAKEN"}, "username", "This username is taken."),
        ({"username": "no spaces"}, "username", "letters and digits"),
        ({"password": "short"}, "password", "at least 8"),
        ({"password": "Password1"}, "password", "too easy to guess"),
        ({"email": ""}, "email", "Enter an email address"),
    ],
)
async def test_what_is_wrong_stands_at_its_field(console: Console, change: Any, field: str, text: str) -> None:
    await make_user("taken")
    tab = await open_tab(console, await make_admin())
    updates = await save(tab, await tab.send(UserFormState.open_create), **NEW | change)
    assert text in shown(updates, UserFormState, "form_errors")[field]
    assert shown(updates, UserFormState, "form_busy") is False


async def test_a_stale_edit_says_who_and_joins_the_changes(console: Console) -> None:
    namesake, other = await make_user("zoe2", full_name="Zoe", is_superuser=True), await make_admin("zoe")
    ana = await make_user("ana")
    tab = await open_tab(console, namesake)
    opened = await tab.send(UserFormState.open_edit, user_id=ana.user_id)
    await run(users.update_user, other, ana.user_id, UserUpdate(full_name="Ana Z", email="z@example.com"))
    mine = {"email": "ana@example.com", "username": "ana", "full_name": "Ana Mine"}
    asked = await save(tab, opened, **mine)
    [clash] = shown(asked, UserFormState, "form_clashes")
    assert (clash["label"], clash["mine"], clash["theirs"]) == ("Full name", "Ana Mine", "Ana Z")
    assert shown(asked, UserFormState, "form_clash_by") == "Zoe"
    assert (await row_of(User, ana.user_id))["full_name"] == "Ana Z"
    nonce = shown(asked, UserFormState, "form_nonce") or shown(opened, UserFormState, "form_nonce")
    await tab.send(UserFormState.save, form={"nonce": nonce, "keep.full_name": "mine"})
    row = await row_of(User, ana.user_id)
    assert (row["full_name"], row["email"]) == ("Ana Mine", "z@example.com")


async def test_a_change_beside_the_form_is_named_and_kept(console: Console) -> None:
    ana = await make_user("ana")
    tab = await open_tab(console, await make_admin())
    opened = await tab.send(UserFormState.open_edit, user_id=ana.user_id)
    await run(users.update_user, await make_admin("zoe"), ana.user_id, UserUpdate(is_active=False))
    mine = {"email": "ana@example.com", "username": "ana", "full_name": "Ana Mine"}
    asked = await save(tab, opened, **mine)
    assert shown(asked, UserFormState, "form_error").startswith("Zoe changed other fields in the meantime.")
    await save(tab, asked, **mine)
    row = await row_of(User, ana.user_id)
    assert (row["full_name"], row["is_active"]) == ("Ana Mine", False)


async def test_a_member_edits_only_what_is_theirs(console: Console) -> None:
    ana = await make_user("ana")
    tab = await open_tab(console, ana, f"/users/{ana.user_id}")
    opened = await tab.send(UserFormState.open_edit, user_id=ana.user_id)
    assert set(shown(opened, UserFormState, "form_values")) == {"email", "full_name", "current_password"}
    updates = await save(tab, opened, email="ana@example.com", full_name="Ana New", username="root", is_superuser="on")
    assert shown(updates, UserState, "person")["full_name"] == "Ana New"
    row = await row_of(User, ana.user_id)
    assert (row["username"], row["is_superuser"]) == ("ana", False)


async def test_an_administrator_sets_a_password_and_it_is_shown_to_nobody(console: Console) -> None:
    ana = await make_user("ana")
    tab = await open_tab(console, await make_admin())
    before = (await row_of(User, ana.user_id))["hashed_password"]
    updates = await save(
        tab, await tab.send(UserFormState.open_password, user_id=ana.user_id), password="Canary-Word-77"
    )
    assert toast_texts(updates) == ["Password set for ana"]
    assert "Canary" not in repr(updates)
    assert (await row_of(User, ana.user_id))["hashed_password"] != before


async def test_whoever_owns_projects_is_deleted_once_somebody_takes_over(console: Console) -> None:
    owner, new_owner = await make_user("owner"), await make_user("heir")
    kept, binned = await make_project(owner), await make_project(owner)
    admin = await make_admin()
    await run(_trash, admin, binned)
    tab = await open_tab(console, admin)
    asked = await tab.send(ActState.ask, act="delete", user_id=owner.user_id)
    assert "own 2 projects" in shown(asked, ActState, "owner_text")
    refused = await tab.send(ActState.confirm, form={})
    assert "Choose a new owner" in shown(refused, ActState, "owner_error")  # at the search
    assert not shown(await tab.send(ActState.look_for, text="owner"), ActState, "people")  # they leave
    await tab.send(ActState.look_for, text="hei")
    await tab.send(ActState.pick, person_id=new_owner.user_id)
    done = await tab.send(ActState.confirm, form={})
    assert "owner" not in names(done)
    assert {(await row_of(Project, p))["owner_id"] for p in (kept, binned)} == {new_owner.user_id}


async def _trash(session: Any, actor: Actor, project_id: int) -> None:
    from tca_app.features.projects.service import delete_project

    await delete_project(session, actor, project_id)


async def test_undo_brings_a_deleted_person_back(console: Console) -> None:
    ana = await make_user("ana")
    tab = await open_tab(console, await make_admin())
    await tab.send(ActState.ask, act="delete", user_id=ana.user_id)
    done = await tab.send(ActState.confirm, form={})
    assert "ana" not in names(done)
    [toast] = shown(done, SessionState, "toasts")
    assert (toast["text"], toast["undo"]) == ("ana moved to trash", True)
    assert "ana" in names(await tab.send(SessionState.undo, toast_id=toast["id"]))
    assert (await row_of(User, ana.user_id))["deleted_at"] is None


async def test_from_the_page_of_who_is_deleted_the_way_leads_to_the_list(console: Console) -> None:
    ana = await make_user("ana")
    tab = await open_tab(console, await make_admin(), f"/users/{ana.user_id}")
    await tab.send(ActState.ask, act="delete", user_id=ana.user_id)
    assert redirects(await tab.send(ActState.confirm, form={})) == ["/users"]


async def test_a_bulk_act_says_for_whom_it_was_refused_and_why(console: Console) -> None:
    admin, owner, ana = await make_admin("boss"), await make_user("owner"), await make_user("ana")
    await make_project(owner)
    tab = await open_tab(console, admin)
    await tab.send(UsersState.toggle_all)
    asked = await tab.send(UsersState.ask_bulk, action="delete")
    assert shown(asked, UsersState, "bulk_title") == "Delete 2 users?"
    assert "You are not included." in shown(asked, UsersState, "bulk_text")
    done = await tab.send(UsersState.run_bulk)
    refusals = {entry["name"]: entry["detail"] for entry in shown(done, UsersState, "refusals")}
    assert set(refusals) == {"owner"}
    assert "owns 1 project" in refusals["owner"]
    assert toast_texts(done) == ["ana moved to trash, 1 refused"]
    assert (await row_of(User, ana.user_id))["deleted_at"] is not None
    assert shown(done, UsersState, "selected") == []


async def test_several_are_deactivated_and_activated_together(console: Console) -> None:
    people = [await make_user() for _ in range(3)]
    tab = await open_tab(console, await make_admin())
    for act, asks, expected in (("deactivate", True, False), ("activate", False, True)):
        for person in people:
            await tab.send(UsersState.toggle_row, row_id=person.user_id)
        await tab.send(UsersState.ask_bulk, action=act)
        if asks:
            await tab.send(UsersState.run_bulk)
        assert {(await row_of(User, person.user_id))["is_active"] for person in people} == {expected}


async def test_a_dry_run_says_what_would_be_refused_and_changes_nothing(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tca_app.ui.table.bulk.BATCH", 2)  # several batches, with progress between them
    owner, *others = [await make_user(name) for name in ("owner", "ana", "bob", "cyd")]
    await make_project(owner)
    tab = await open_tab(console, await make_admin("boss"))
    await tab.send(UsersState.toggle_all)
    await tab.send(UsersState.ask_bulk, action="delete")
    tried = await tab.send(UsersState.try_bulk)
    progress = [
        state["bulk_progress_rx_state_"]
        for update in tried
        for state in (update.delta or {}).values()
        if "bulk_progress_rx_state_" in state
    ]
    assert progress == ["2 of 4", "4 of 4", ""]
    assert shown(tried, UsersState, "bulk_tried") == "Nothing was changed yet. This would work for 3 of 4 users."
    [refusal] = shown(tried, UsersState, "tried_refusals")
    assert refusal["name"] == "owner"
    assert "owns 1 project" in refusal["detail"]
    assert [(await row_of(User, person.user_id))["deleted_at"] for person in (owner, *others)] == [None] * 4
    done = await tab.send(UsersState.run_bulk)
    assert toast_texts(done) == ["3 users moved to trash, 1 refused"]


async def test_users_that_an_act_would_not_change_are_left_out_and_counted(console: Console) -> None:
    for name, is_active in (("ana", True), ("bob", False), ("cyd", False)):
        await make_user(name, is_active=is_active)
    tab = await open_tab(console, await make_admin("boss"))
    await tab.send(UsersState.toggle_all)
    asked = await tab.send(UsersState.ask_bulk, action="deactivate")
    assert shown(asked, UsersState, "bulk_title") == "Deactivate 1 user?"
    assert shown(asked, UsersState, "bulk_text").endswith("2 are already deactivated. You are not included.")
    assert toast_texts(await tab.send(UsersState.run_bulk)) == ["ana deactivated"]
    await tab.send(UsersState.toggle_all)
    assert toast_texts(await tab.send(UsersState.ask_bulk, action="deactivate"))[-1:] == [
        "3 are already deactivated. You are not included."
    ]


async def test_the_last_administrator_sees_the_reason_of_a_refusal(console: Console) -> None:
    admin = await make_admin("boss")
    tab = await open_tab(console, admin)
    await tab.send(ActState.ask, act="demote", user_id=admin.user_id)
    updates = await tab.send(ActState.confirm, form={})
    assert "last active administrator" in shown(updates, ActState, "act_error")
    assert (await row_of(User, admin.user_id))["is_superuser"] is True


async def test_the_projects_of_a_person_come_with_their_role_not_the_viewers(console: Console) -> None:
    ana, admin = await make_user("ana"), await make_admin()
    await make_project(admin, "Billing", {ana: "deployer"})
    await run(_trash, admin, await make_project(ana, "Gone"))
    tab = await open_tab(console, admin, f"/users/{ana.user_id}")
    [row] = shown(await tab.hydrate(), UserState, "projects")
    assert (row["name"], row["role"], row["status"]) == ("Billing", "Deployer", "active")


async def test_more_projects_of_a_person_are_loaded_and_stay(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "MEMBERSHIPS", 2)
    ana, admin = await make_user("ana"), await make_admin()
    for name in ("A", "B", "C", "D", "E"):
        await make_project(ana, name)
    tab = await open_tab(console, admin, f"/users/{ana.user_id}")
    assert shown(await tab.hydrate(), UserState, "more_projects") == 3
    for _turn in range(2):
        updates = await tab.send(UserState.show_more_projects, user_id=ana.user_id)
    assert shown(updates, UserState, "more_projects") == 0
    await tab.send(UserState.load)
    assert [row["name"] for row in shown(await tab.hydrate(), UserState, "projects")] == ["A", "B", "C", "D", "E"]


async def test_the_projects_of_a_person_are_sorted_by_each_column(console: Console) -> None:
    ana, admin = await make_user("ana"), await make_admin()
    for name, role, status in (
        ("beta", "viewer", "paused"),
        ("Alpha", "maintainer", "archived"),
        ("Gamma", "deployer", "active"),
    ):
        await make_project(admin, name, {ana: role}, status=status)
    tab = await open_tab(console, admin, f"/users/{ana.user_id}")
    orders = {"name": "Alpha beta Gamma", "role": "beta Gamma Alpha", "status": "Gamma Alpha beta"}
    for sort, names in orders.items():
        for sign, expected in (("", names.split()), ("-", names.split()[::-1])):
            tab.path = f"/users/{ana.user_id}?sort_projects={sign}{sort}"
            await tab.send(UserState.load)
            assert [row["name"] for row in shown(await tab.hydrate(), UserState, "projects")] == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [("/users/7", 7), ("/users/7/", 7), ("/users/7?x=1", 7), ("/users/-7", 0), ("/users/7/8", 0), ("/users/٧", 0)],
)
def test_the_id_of_a_page_is_read_politely(url: str, expected: int) -> None:
    assert record_id({"asPath": url}, routes.USERS) == expected


async def test_a_page_after_the_last_one_corrects_the_address(console: Console) -> None:
    tab = await open_tab(console, await make_admin(), "/users?tab=people&page=999&sort=username")
    updates = await tab.send(UsersState.load)
    assert redirects(updates) == ["/users?tab=people&page=1&sort=username"]


async def test_a_range_of_rows_is_selected_and_deselected(console: Console) -> None:
    people = [(await make_user(f"user{number}")).user_id for number in range(5)]
    tab = await open_tab(console, await make_admin("zoe"), "/users?sort=username")
    await tab.send(UsersState.toggle_row, row_id=people[3])
    updates = await tab.send(UsersState.toggle_row, row_id=people[1], is_range=True)
    assert shown(updates, UsersState, "selected") == [people[3], people[2], people[1]] or set(
        shown(updates, UsersState, "selected")
    ) == set(people[1:4])
    updates = await tab.send(UsersState.toggle_row, row_id=people[2], is_range=True)
    assert shown(updates, UsersState, "selected") == [people[3]]
    updates = await tab.send(UsersState.toggle_row, row_id=999_999, is_range=True)
    assert updates == []


async def test_the_filters_of_users_count_both_values(console: Console) -> None:
    await make_user("ana", is_active=False)
    await make_user("bob")
    tab = await open_tab(console, await make_admin(), "/users?status=inactive&role=member&role=admin")
    assert names(await tab.hydrate()) == ["ana"]
    for key, counts in (("status", {"Active": "2", "Inactive": "1"}), ("role", {"Administrator": "0", "Member": "1"})):
        updates = await tab.send(UsersState.show_filter, key=key, is_open=True)
        assert {option["label"]: option["count"] for option in shown(updates, UsersState, "options")} == counts


async def test_everything_that_the_filters_leave_is_changed_across_pages(console: Console) -> None:
    admin = await make_admin("boss")
    people = [await make_user(f"same{number:03}", full_name="Same") for number in range(27)]
    other = await make_user("other")
    tab = await open_tab(console, admin, "/users?q=same")
    await tab.send(UsersState.toggle_all)
    updates = await tab.send(UsersState.select_everything)
    assert shown(updates, UsersState, "selected_text") == "27 users selected"
    assert shown(await tab.send(UsersState.ask_bulk, action="deactivate"), UsersState, "bulk_title") == (
        "Deactivate 27 users?"
    )
    done = await tab.send(UsersState.run_bulk)
    assert toast_texts(done) == ["27 users deactivated"]
    assert {(await row_of(User, person.user_id))["is_active"] for person in people} == {False}
    assert (await row_of(User, other.user_id))["is_active"] is True
    assert shown(done, UsersState, "is_everything") is False


async def test_more_rows_than_one_action_takes_are_not_offered_and_the_bar_says_why(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tca_app.ui.table.bulk.MAX_EVERYTHING", 26)
    for number in range(27):
        await make_user(f"same{number:03}")
    tab = await open_tab(console, await make_admin("boss"), "/users?q=same")
    updates = await tab.send(UsersState.toggle_all)
    assert shown(updates, UsersState, "everything_text") == "At most 26 at once: use filters."


async def test_refusals_for_one_reason_are_named_together(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tca_app.ui.table.bulk.BATCH", 2)  # four batches, each a transaction of its own
    owners = [await make_user(f"owner{number}") for number in range(7)]
    for owner in owners:
        await make_project(owner)
    tab = await open_tab(console, await make_admin("boss"), "/users?q=owner&sort=username")
    await tab.send(UsersState.toggle_all)
    await tab.send(UsersState.ask_bulk, action="delete")
    done = await tab.send(UsersState.run_bulk)
    [line] = shown(done, UsersState, "refusals")
    assert line["name"] == "owner0, owner1, owner2, owner3, owner4 and 2 more"
    assert "owns 1 project" in line["detail"]
    assert toast_texts(done) == ["No users moved to trash, 7 refused"]


async def test_another_search_or_a_change_of_the_selection_ends_everything(console: Console) -> None:
    people = [await make_user(f"same{number:03}") for number in range(27)]
    tab = await open_tab(console, await make_admin("boss"), "/users?q=same&sort=username")
    await tab.send(UsersState.toggle_all)
    await tab.send(UsersState.select_everything)
    updates = await tab.send(UsersState.toggle_row, row_id=people[3].user_id)
    assert shown(updates, UsersState, "selected_text") == "24 users selected"
    assert shown(await tab.send(UsersState.ask_bulk, action="deactivate"), UsersState, "bulk_title") == (
        "Deactivate 24 users?"
    )


async def test_the_list_of_the_days_until_which_people_were_created(console: Console) -> None:
    admin = await make_admin()
    noon = datetime.now(UTC).replace(hour=12)
    for name, days in (("early", 9), ("middle", 5), ("late", 2)):
        await make_user(name, created_at=noon - timedelta(days=days))
    day = (noon - timedelta(days=5)).date()
    tab = await open_tab(console, admin)
    tab.path = f"/users?until={day}"
    assert names(await tab.send(UsersState.load)) == ["middle", "early"]
    tab.path = routes.users_on(day)
    updates = await tab.send(UsersState.load)
    assert [chip["text"] for chip in shown(updates, UsersState, "chips")] == [f"Existed on {day} (UTC)"]
    tab.path = f"/users?since={day}"
    updates = await tab.send(UsersState.load)
    assert "early" not in names(updates)
    assert [chip["text"] for chip in shown(updates, UsersState, "chips")] == [f"Created from {day}"]


async def test_a_filter_writes_its_days_as_the_format_of_the_reader_has_them(console: Console) -> None:
    tab = await open_tab(console, await make_user("ute", is_superuser=True, locale="de-DE"), "/users?since=2026-05-04")
    chips = shown(await tab.hydrate(), UsersState, "chips")
    assert [(chip["value"], chip["text"]) for chip in chips] == [("2026-05-04", "Created from 04.05.2026")]

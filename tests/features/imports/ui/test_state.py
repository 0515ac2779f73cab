"""The page of an import, and the dialog that uploads a file."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import text, update

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.features.imports import service
from tca_app.features.imports.ui.state import ImportState
from tca_app.features.imports.ui.upload_state import ImportUploadState
from tca_app.models import AuthSession
from tca_app.ui.session import SessionState
from tests.factories import do_jobs, make_admin, make_user, run
from tests.features.imports.files import upload
from tests.ui.harness import Console, Tab, console_on, redirects, shown, sign_in

FILE = "username,email,full_name\nana,ana@example.com,Ana\nbob,bob@example.com,Bob\nx,nobody,X\n"


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def open_page(console: Console, actor: Actor, import_id: int) -> tuple[Tab, list[Any]]:
    tab = Tab(console, f"tab of {actor.username}", await sign_in(actor), f"/imports/{import_id}")
    await tab.hydrate()
    return tab, await tab.send(ImportState.load)


async def test_the_preview_follows_its_choices_and_starts(console: Console) -> None:
    boss, _ = await make_admin("boss"), await make_user("ana", full_name="Old")
    made = await upload(boss, FILE, dry_run=True, file_name="people.csv")
    tab, page = await open_page(console, boss, made.id)
    assert shown(page, ImportState, "summary") == "1 new, 1 unchanged, 1 with errors"
    assert (shown(page, ImportState, "file_name"), shown(page, ImportState, "total_text")) == ("people.csv", "3")
    assert shown(page, ImportState, "started_at") == ""
    assert [line["action"] for line in shown(page, ImportState, "lines")] == ["unchanged", "new", "error"]
    [fault] = shown(page, ImportState, "faults")
    assert fault["error"].startswith("email: Enter an email address")
    chosen = await tab.send(ImportState.choose, name="existing", value="update")
    assert shown(chosen, ImportState, "import_text") == "Import 2 rows"
    refused = await tab.send(ImportState.choose, name="phase", value="finished")
    assert shown(refused, SessionState, "toasts")[-1]["text"] == "Unknown choice."
    started = await tab.send(ImportState.start, import_id=made.id)
    assert shown(started, ImportState, "phase") == "running"
    await do_jobs()
    ended = await tab.send(ImportState.load)
    assert shown(ended, ImportState, "phase") == "finished"
    assert shown(ended, ImportState, "uploaded_at") <= shown(ended, ImportState, "ended_at")
    assert shown(ended, ImportState, "summary") == "1 new, 1 changed, 1 with errors"
    deleted = await tab.send(ImportState.delete, import_id=made.id)
    assert redirects(deleted) == ["/users"]


async def test_the_errors_have_the_order_of_the_url_before_and_after_the_start(console: Console) -> None:
    boss = await make_admin("boss")
    made = await upload(boss, "username,email\nana,nobody\nx,x@example.com\nbo2,b\n", dry_run=True)
    tab, _ = await open_page(console, boss, made.id)

    async def lines(query: str) -> tuple[list[int], str]:
        tab.path = f"/imports/{made.id}{query}"
        await tab.send(ImportState.load)
        kept = await tab.hydrate()
        return [fault["line"] for fault in shown(kept, ImportState, "faults")], shown(kept, ImportState, "sort_query")

    for _ in range(2):
        assert await lines("") == ([2, 3, 4], "")
        assert await lines("?sort_errors=-error") == ([3, 4, 2], "sort=-error")
        assert await lines("?sort_errors=nonsense") == ([2, 3, 4], "")
        await tab.send(ImportState.start, import_id=made.id)
        await do_jobs()


async def test_an_import_of_somebody_else_does_not_exist(console: Console) -> None:
    made = await upload(await make_admin("boss"), FILE, dry_run=True)
    other = await make_admin("other")
    tab, page = await open_page(console, other, made.id)
    assert shown(page, ImportState, "is_missing") is True
    for event in (ImportState.start, ImportState.stop, ImportState.delete):
        await tab.send(event, import_id=made.id)
    assert "nobody" not in repr(page)


async def test_a_start_without_a_recent_proof_asks_for_the_password(console: Console) -> None:
    boss = await make_admin("boss")
    made = await upload(boss, FILE, dry_run=True)
    tab, _ = await open_page(console, boss, made.id)
    async with transaction() as session:
        await session.execute(update(AuthSession).values(verified_at=text("now() - interval '1 hour'")))
    refused = await tab.send(ImportState.start, import_id=made.id)
    assert shown(refused, SessionState, "proof_is_asked") is True
    assert (await run(service.get_import, boss, made.id)).state == "preview"


async def test_a_running_import_can_be_stopped(console: Console) -> None:
    boss = await make_admin("boss")
    made = await upload(boss, FILE)
    tab, page = await open_page(console, boss, made.id)
    assert shown(page, ImportState, "progress_text") == "0 of 3 rows"
    assert shown(await tab.send(ImportState.stop, import_id=made.id), ImportState, "phase") == "stopped"


async def test_the_dialog_offers_recent_imports_and_opens_the_new_one(console: Console) -> None:
    boss = await make_admin("boss")
    made = await upload(boss, FILE, dry_run=True, file_name="people.csv")
    tab = Tab(console, "list", await sign_in(boss), "/users")
    await tab.hydrate()
    opened = await tab.send(ImportUploadState.open_upload, kind="users")
    [recent] = shown(opened, ImportUploadState, "recent")
    assert (recent["name"], recent["state"], recent["url"]) == ("people.csv", "Not started", f"/imports/{made.id}")
    assert redirects(await tab.send(ImportUploadState.uploaded, import_id=made.id)) == [f"/imports/{made.id}"]

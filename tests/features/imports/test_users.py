"""Imports of users: what a file creates and changes, what it may not, and what is left over."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text, update

from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Conflict, Forbidden, NotFound, ReauthenticationRequired
from tca_app.features.auth.password_reset import reset_password
from tca_app.features.auth.schemas import PasswordReset
from tca_app.features.auth.service import Client
from tca_app.features.imports import run as runner, service
from tca_app.features.imports.schemas import ErrorQuery, ImportStart, PreviewQuery
from tca_app.features.personal_data.erasure import erase_user
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserUpdate
from tca_app.models import AuthSession, Import, Invitation, Notification, User
from tests.factories import PASSWORD, bearer, do_jobs, make_admin, make_project, make_user, row_of, run, signed_in
from tests.features.imports.files import content_of, errors, imported, numbers, upload
from tests.mailbox import Mailbox, mailbox

__all__ = ["mailbox"]

HEAD = "username,full_name,email,is_superuser,is_active\n"


async def _users(*columns: str) -> list[tuple[Any, ...]]:
    async with reading() as session:
        rows = await session.execute(select(*(User.__table__.c[name] for name in columns)).order_by(User.username))
        return [tuple(row) for row in rows]


async def _logged(*types: str) -> list[str]:
    async with reading() as session:
        statement = text("SELECT type FROM events WHERE type = ANY(:types) ORDER BY id")
        return list((await session.execute(statement, {"types": list(types)})).scalars())


async def test_a_preview_says_what_would_happen_and_changes_nothing() -> None:
    boss, _ = await make_admin("boss"), await make_user("ana", full_name="Ana")
    lines = "ana,Ana Lopez,ana@example.com,false,true\nbob,Bob,bob@example.com,,\n"
    lines += "x,,nobody,perhaps,\nBOB,,b2@example.com,,\n"
    made = await upload(boss, HEAD + lines, existing="update", dry_run=True)
    assert (made.state, made.total, numbers(made)) == ("preview", 4, (1, 1, 0, 2))
    preview = await run(service.preview_import, boss, made.id, PreviewQuery())
    assert [(row.line, row.action) for row in preview.rows] == [(2, "changed"), (3, "new"), (4, "error"), (5, "error")]
    every = (
        "is_superuser: Use true or false. email: Enter an email address, such as ana@example.com. "
        "username: Use at least 3 characters."
    )
    assert [row.error for row in preview.errors] == [every, "username: Line 3 has the same."]
    last = await run(service.preview_import, boss, made.id, PreviewQuery(sort="-line"))
    assert [row.line for row in last.errors] == [5, 4]
    skipping = await run(service.preview_import, boss, made.id, PreviewQuery(existing="skip"))
    assert (skipping.changed, skipping.unchanged) == (0, 1)
    assert await _users("username", "full_name") == [("ana", "Ana"), ("boss", "Boss")]
    head, *failed = await errors(boss, made.id)
    assert head == '"username","full_name","email","is_superuser","is_active","error"'
    assert failed[0] == '"x","","nobody","perhaps","",' + f'"{every}"'


async def test_rows_become_users_who_choose_their_password_by_mail(mailbox: Mailbox) -> None:
    boss = await make_admin("boss")
    done = await imported(boss, HEAD + "ana,Ana Lopez,Ana@Example.com,,\nbob,,bob@example.com,true,\n")
    assert (done.state, numbers(done), done.done) == ("finished", (2, 0, 0, 0), 2)
    assert await _users("username", "email", "full_name", "is_superuser", "hashed_password") == [
        ("ana", "ana@example.com", "Ana Lopez", False, None),
        ("bob", "bob@example.com", "", True, None),
        ("boss", "boss@example.com", "Boss", True, (await row_of(User, boss.user_id))["hashed_password"]),
    ]
    assert await _logged("user_created", "users_imported") == ["user_created", "user_created", "users_imported"]
    sent = {mail.to: mail for mail in mailbox.read()}
    assert sorted(sent) == ["Ana Lopez <ana@example.com>", "bob <bob@example.com>"]
    token = sent["Ana Lopez <ana@example.com>"].token
    await run(reset_password, PasswordReset(token=token, password=PASSWORD), Client("", ""))
    assert (await row_of(User, (await _users("id"))[0][0]))["hashed_password"]
    async with reading() as session:
        assert (await session.execute(select(Notification.__table__.c.id))).all() == []


async def test_without_mail_nobody_gets_a_link(mailbox: Mailbox) -> None:
    done = await imported(await make_admin("boss"), HEAD + "ana,,ana@example.com,,\n", new_users="none")
    assert numbers(done) == (1, 0, 0, 0)
    assert mailbox.read() == []


async def test_people_are_invited_as_usual(mailbox: Mailbox) -> None:
    boss = await make_admin("boss")
    text_ = "email,is_superuser\nana@example.com,\nboss@example.com,\nbob@example.com,true\nnobody,\n"
    done = await imported(boss, text_, new_users="invitation")
    assert numbers(done) == (1, 0, 1, 2)
    async with reading() as session:
        assert list((await session.execute(select(Invitation.__table__.c.email))).scalars()) == ["ana@example.com"]
    assert [mail.to for mail in mailbox.read()] == ["ana@example.com"]
    assert [line.rpartition(',"')[2] for line in (await errors(boss, done.id))[1:]] == [
        'Invited people become active users who are no administrators. Choose accounts instead."',
        'email: Enter an email address, such as ana@example.com."',
    ]


async def test_existing_users_are_changed_only_when_asked() -> None:
    boss, ana = await make_admin("boss"), await make_user("ana", full_name="Ana")
    file = "username,full_name,is_active\nANA,Ana Lopez,false\n"
    assert numbers(await imported(boss, file)) == (0, 0, 1, 0)
    assert numbers(await imported(boss, file, existing="update")) == (0, 1, 0, 0)
    row = await row_of(User, ana.user_id)
    assert (row["username"], row["full_name"], row["is_active"]) == ("ANA", "Ana Lopez", False)
    assert numbers(await imported(boss, file, existing="update")) == (0, 0, 1, 0)


async def test_what_the_service_refuses_is_in_the_error_file_and_the_rest_is_in() -> None:
    boss = await make_admin("boss")
    await make_user("ana"), await make_user("bob")
    await make_user("gone", deleted_at=text("now()"))
    lines = (
        "ana,,bob@example.com,,\n"  # two different users
        "gone,,new@example.com,,\n"  # in the trash
        "boss,,boss@example.com,false,\n"  # the importer
        "'=cmd,,formula@example.com,,\n"
        "fine,'=1+1,fine@example.com,,\n"
    )
    done = await imported(boss, HEAD + lines, existing="update")
    assert numbers(done) == (1, 0, 0, 4)
    _, *failed = await errors(boss, done.id)
    assert [line.rpartition('","')[2] for line in failed] == [
        'The username and the email address belong to two different users."',
        'A user in the trash has this username or email address. Restore them first."',
        'This is your own account. Change it in Settings."',
        'username: Use only ASCII letters and digits."',
    ]
    assert failed[3].startswith('"\'=cmd"')
    assert ("fine", "=1+1") in await _users("username", "full_name")
    mended = "\n".join([HEAD.strip() + ",error", failed[3].replace("'=cmd", "cmd")])
    assert numbers(await imported(boss, mended)) == (1, 0, 0, 0)


async def test_all_that_is_wrong_with_a_row_is_said_at_once() -> None:
    boss = await make_admin("boss")
    await make_user("ana"), await make_user("gone", deleted_at=text("now()"))
    lines = (
        "new,,n@example.com,,\n"
        "new,,n@example.com,perhaps,\n"  # twice the keys of the row above
        "boss,,nobody,false,maybe\n"  # the importer
        "ana,,gone@example.com,,\n"  # two users, one in the trash
    )
    done = await imported(boss, HEAD + lines, existing="update")
    assert numbers(done) == (1, 0, 0, 3)
    own = "is_active: Use true or false. email: Enter an email address, such as ana@example.com. "
    expected = [
        "username: Line 2 has the same. email: Line 2 has the same. is_superuser: Use true or false.",
        own + "This is your own account. Change it in Settings.",
        "The username and the email address belong to two different users. "
        "A user in the trash has this username or email address. Restore them first.",
    ]
    for sort, order in (("line", [0, 1, 2]), ("-line", [2, 1, 0]), ("error", [2, 1, 0]), ("-error", [0, 1, 2])):
        query = ErrorQuery.model_validate({"sort": sort})
        found = await run(service.list_errors, boss, done.id, query)
        assert [row.error for row in found] == [expected[at] for at in order], sort
        file = (await run(service.error_file, boss, done.id, query)).splitlines()[1:]
        assert [line.rpartition('","')[2] for line in file] == [f'{row.error}"' for row in found]


async def test_an_exported_file_can_be_imported_back(api: httpx.AsyncClient) -> None:
    boss, header = await signed_in(await make_admin("boss"))
    await make_user("ana", full_name='=Ana, "the first"; +1', is_active=False)
    await make_user("bob", full_name="'=Bob")
    file = (await api.get("/api/v1/users/export.csv", headers=header)).text
    assert numbers(await imported(boss, file, existing="update")) == (0, 0, 3, 0)
    async with transaction() as session:
        await session.execute(update(User).where(User.username != "boss").values(full_name="changed"))
    assert numbers(await imported(boss, file, existing="update")) == (0, 2, 1, 0)
    assert [name for (name,) in await _users("full_name")] == ['=Ana, "the first"; +1', "'=Bob", "Boss"]


async def test_a_batch_is_done_once_and_a_restart_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "BATCH", 2)
    boss = await make_admin("boss")
    started = await upload(boss, "username,email\n" + "".join(f"u00{n},u{n}@example.com\n" for n in range(5)))
    await run(runner.run_batch, started.id, 0)
    await asyncio.gather(*(run(runner.run_batch, started.id, 0) for _ in range(5)))
    assert (await run(service.get_import, boss, started.id)).done == 2
    await do_jobs()
    done = await run(service.get_import, boss, started.id)
    assert (done.state, done.done, numbers(done)) == ("finished", 5, (5, 0, 0, 0))
    assert (await row_of(Import, started.id))["content"] is None
    assert len(await _logged("user_created")) == 5


async def test_only_one_of_parallel_starts_counts() -> None:
    boss = await make_admin("boss")
    made = await upload(boss, "username,email\nana,ana@example.com\n", dry_run=True)
    results = await asyncio.gather(
        *(run(service.start_import, boss, made.id, ImportStart()) for _ in range(20)), return_exceptions=True
    )
    assert [type(result) for result in results if isinstance(result, Exception)] == [Conflict] * 19


async def test_a_stopped_import_keeps_what_is_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "BATCH", 1)
    boss = await make_admin("boss")
    started = await upload(boss, "username,email\nana,ana@example.com\nbob,bob@example.com\n")
    with pytest.raises(Conflict):
        await run(service.delete_import, boss, started.id)
    await run(runner.run_batch, started.id, 0)
    await run(service.stop_import, boss, started.id)
    await do_jobs()
    done = await run(service.get_import, boss, started.id)
    assert (done.state, numbers(done)) == ("stopped", (1, 0, 0, 1))
    assert (await errors(boss, started.id))[1].endswith('"Not imported: the import was stopped."')
    await run(service.delete_import, boss, started.id)
    with pytest.raises(NotFound):
        await run(service.get_import, boss, started.id)


async def test_an_import_ends_with_the_rights_of_its_importer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "BATCH", 1)
    boss, root = await make_admin("boss"), await make_admin("root")
    started = await upload(boss, "username,email\nana,ana@example.com\nbob,bob@example.com\n")
    await run(runner.run_batch, started.id, 0)
    await run(users.update_user, root, boss.user_id, UserUpdate(is_superuser=False))
    await do_jobs()
    row = await row_of(Import, started.id)
    assert (row["state"], row["created"], row["failed"]) == ("stopped", 1, 1)
    assert [name for (name,) in await _users("username")] == ["ana", "boss", "root"]


async def test_a_batch_that_fails_for_good_leaves_the_rest_in_the_file() -> None:
    boss = await make_admin("boss")
    started = await upload(boss, "username,email\nana,ana@example.com\n")
    await run(runner.fail, started.id)
    done = await run(service.get_import, boss, started.id)
    assert (done.state, numbers(done)) == ("failed", (0, 0, 0, 1))


async def test_nobody_else_imports_users_or_sees_an_import(api: httpx.AsyncClient) -> None:
    boss, member = await make_admin("boss"), await make_user("member")
    with pytest.raises(Forbidden):
        await upload(member, HEAD + "ana,,ana@example.com,,\n")
    made = await upload(boss, HEAD + "ana,,ana@example.com,,\n", dry_run=True)
    other = await bearer(await make_admin("other"))
    for path in ("", "/preview", "/errors.csv"):
        assert (await api.get(f"/api/v1/imports/{made.id}{path}", headers=other)).status_code == 404


async def test_a_start_needs_a_recent_proof_of_identity() -> None:
    boss, _ = await signed_in(await make_admin("boss"))
    async with transaction() as session:
        await session.execute(update(AuthSession).values(verified_at=text("now() - interval '11 minutes'")))
    made = await upload(boss, HEAD + "ana,,ana@example.com,,\n", dry_run=True)
    with pytest.raises(ReauthenticationRequired):
        await run(service.start_import, boss, made.id, ImportStart())


async def test_the_page_uploads_with_its_cookie_and_no_other_site_does(api: httpx.AsyncClient) -> None:
    _, header = await signed_in(await make_admin("boss"))
    body = {"kind": "users", "content": content_of("username,email\nana,ana@example.com\n")}
    again = [await api.post("/api/v1/imports", json=body, headers=header | {"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in again] == [201, 201]
    assert again[0].json()["id"] == again[1].json()["id"]
    foreign = await api.post("/api/v1/imports", json=body, headers=header | {"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    wrong = await api.post("/api/v1/imports", json=body | {"content": content_of("a\nb\n")}, headers=header)
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/content")


async def test_mail_must_be_on_to_invite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(get_settings()), "has_mail", property(lambda _self: False))
    with pytest.raises(Conflict, match="Mail is off"):
        await upload(await make_admin("boss"), "email\nana@example.com\n", new_users="invitation")


async def test_who_is_erased_is_in_no_file_any_more() -> None:
    boss, ana = await make_admin("boss"), await make_user("ana")
    waiting = await upload(boss, "username,email\nana,ANA@example.com\n", dry_run=True)
    failed = await imported(boss, "username,email\nboss,ana@example.com\n")
    assert len(await errors(boss, failed.id)) == 2
    await make_project(boss)
    await run(erase_user, boss, ana.user_id)
    assert len(await errors(boss, failed.id)) == 1
    with pytest.raises(NotFound):
        await run(service.get_import, boss, waiting.id)

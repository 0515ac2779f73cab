"""Statements for the driver: in the transaction of their session, and their errors have names like all others."""

from contextlib import AsyncExitStack

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core import db
from tca_app.core.db import after_commit, pool_use, reading, transaction
from tca_app.core.direct import Direct, only
from tca_app.core.errors import Conflict, Unavailable
from tests.factories import make_user, run

_RENAME = Direct("UPDATE users SET username = :name WHERE username = :old RETURNING id, username")
_END_MINE = Direct("SELECT pg_terminate_backend(pg_backend_pid())")


async def _names(session: AsyncSession) -> list[str]:
    return list((await session.execute(text("SELECT username FROM users ORDER BY 1"))).scalars())


async def test_it_shares_the_transaction_with_other_statements():
    await make_user("ana")
    async with transaction() as session:
        assert [row["username"] for row in await _RENAME.run(session, {"old": "ana", "name": "eva"})] == ["eva"]
        assert await _names(session) == ["eva"]
        await session.rollback()
        assert await _names(session) == ["ana"]


async def test_values_are_sent_apart_from_the_statement():
    async with transaction() as session:
        given = {"word": "'); DROP TABLE users; -- 100%", "data": Jsonb({"a": [1, None]}), "ids": [1, 2]}
        [row] = await Direct("SELECT :word AS word, :data AS data, CAST(:ids AS bigint[]) AS ids, 5 % 3 AS rest").run(
            session, given
        )
    assert row == {"word": given["word"], "data": {"a": [1, None]}, "ids": [1, 2], "rest": 2}


async def test_a_name_that_is_taken_is_a_conflict_and_nothing_is_changed():
    await make_user("ana")
    await make_user("eva")

    async def change(session: AsyncSession) -> None:
        await session.execute(text("UPDATE users SET full_name = 'x'"))
        await _RENAME.run(session, {"old": "ana", "name": "eva"})

    with pytest.raises(Conflict):
        await run(change)
    async with transaction() as session:
        assert await _names(session) == ["ana", "eva"]
        assert list((await session.execute(text("SELECT DISTINCT full_name FROM users"))).scalars()) != ["x"]


async def test_the_only_statement_is_committed_by_itself():
    await make_user("ana")
    async with transaction() as session:
        only(session)
        assert [row["username"] for row in await _RENAME.run_last(session, {"old": "ana", "name": "eva"})] == ["eva"]
        async with reading() as other:
            assert await _names(other) == ["eva"]


@pytest.mark.parametrize("is_only", [True, False])
async def test_the_last_of_several_statements_shares_their_transaction(is_only: bool):
    await make_user("ana")
    async with transaction() as session:
        if is_only:
            only(session)
            await _names(session)
        await _RENAME.run_last(session, {"old": "ana", "name": "eva"})
        async with reading() as other:
            assert await _names(other) == ["ana"]
        await session.rollback()
        assert await _names(session) == ["ana"]


async def test_what_waits_for_the_commit_follows_the_only_statement():
    done = []
    await make_user("ana")
    async with transaction() as session:
        only(session)
        after_commit(session, lambda: done.append("told"))
        await _RENAME.run_last(session, {"old": "ana", "name": "eva"})
        assert done == []
    assert done == ["told"]


async def test_an_only_statement_that_is_refused_changes_nothing_and_frees_its_connection(
    caplog: pytest.LogCaptureFixture,
):
    await make_user("ana")
    await make_user("eva")

    async def rename(session: AsyncSession, statement: Direct) -> None:
        only(session)
        await statement.run_last(session, {"old": "ana", "name": "eva"})

    for statement, error in ((_RENAME, Conflict), (_END_MINE, Unavailable)):
        for _ in range(3):
            with pytest.raises(error):
                await run(rename, statement)
            async with reading() as session:
                assert await _names(session) == ["ana", "eva"]
    assert pool_use()["reader"][2] == 0
    assert caplog.text == ""


async def test_an_only_statement_is_the_first_alone():
    await make_user("ana")
    async with transaction() as session:
        only(session)
        await _RENAME.run_last(session, {"old": "ana", "name": "eva"})
        await _RENAME.run_last(session, {"old": "eva", "name": "ina"})
        await session.rollback()
        assert await _names(session) == ["eva"]


async def test_those_that_wait_leave_connections_to_the_readers(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(db, "POOL_WAIT_S", 0.05)
    places = db._get().places
    free = places._value
    assert free < pool_use()["reader"][0]
    async with AsyncExitStack() as stack:
        for _ in range(free):
            await stack.enter_async_context(db.alone())
        with pytest.raises(Unavailable):
            await stack.enter_async_context(db.alone())
        async with reading() as session:
            assert await _names(session) == []
    assert places._value == free


async def test_a_connection_that_breaks_is_an_outage_and_not_used_again():
    for _ in range(3):
        with pytest.raises(Unavailable):
            await run(_END_MINE.run, {})
        async with transaction() as session:
            assert await _names(session) == []

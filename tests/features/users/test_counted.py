"""How many users there are is kept beside them, and equal to a count of the rows whatever happens."""

import asyncio

from sqlalchemy import text

from tca_app.consumers.analytics import begin_periods, recount
from tca_app.core.db import reading, transaction
from tca_app.features.users.counted import TOTAL_USERS
from tests.factories import make_user, run


async def kept_and_there() -> tuple[int, int]:
    async with reading() as session:
        there = await session.execute(text("SELECT count(*) FROM users WHERE deleted_at IS NULL"))
        return (await session.execute(TOTAL_USERS)).scalar_one(), there.scalar_one()


async def number_of_parts() -> int:
    async with reading() as session:
        return int((await session.execute(text("SELECT count(*) FROM row_counts"))).scalar_one())


async def do(*statements: str) -> None:
    async with transaction() as session:
        for statement in statements:
            await session.execute(text(statement))


async def test_it_follows_what_is_made_deleted_restored_and_purged() -> None:
    people = [await make_user() for _ in range(3)]
    assert await kept_and_there() == (3, 3)
    for change, left in (
        ("UPDATE users SET deleted_at = now() WHERE id <> {}", 1),
        ("UPDATE users SET full_name = 'Ana'", 1),
        ("UPDATE users SET deleted_at = NULL", 3),
        ("UPDATE users SET deleted_at = now() WHERE id = {}", 2),
        ("DELETE FROM users WHERE id = {}", 2),
        ("DELETE FROM users", 0),
    ):
        await do(change.format(people[0].user_id))
        assert await kept_and_there() == (left, left), change


async def test_what_is_rolled_back_does_not_count() -> None:
    await make_user()
    async with transaction() as session:
        await session.execute(text("UPDATE users SET deleted_at = now()"))
        assert (await session.execute(TOTAL_USERS)).scalar_one() == 0
        await session.rollback()
    assert await kept_and_there() == (1, 1)


async def test_it_is_added_up_while_people_come_and_go() -> None:
    async def come_and_go(number: int) -> None:
        person = await make_user()
        if number % 2:
            await do(f"UPDATE users SET deleted_at = now() WHERE id = {person.user_id}")

    await asyncio.gather(*(come_and_go(number) for number in range(12)), *(run(begin_periods) for _ in range(3)))
    assert await kept_and_there() == (6, 6)
    await run(begin_periods)
    assert (await number_of_parts(), await kept_and_there()) == (1, (6, 6))


async def test_a_recount_mends_it() -> None:
    await make_user()
    await do("INSERT INTO row_counts (name, value) VALUES ('users', 4)")
    assert (await run(recount))[1] == ["users: 5 -> 1"]
    assert (await run(recount))[1] == []
    assert await kept_and_there() == (1, 1)

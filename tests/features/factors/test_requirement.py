"""Who must have a second factor, and from when."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tca_app.core import instance
from tca_app.features.factors.requirement import needs_second_factor
from tests.factories import make_admin, make_factor, make_user, run

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def required() -> Iterator[None]:
    before = dict(instance._stored)
    instance.keep({"two_factor_required": "administrators", "two_factor_grace_days": 3, "two_factor_since": SINCE})
    yield
    instance.keep(before)


async def test_only_those_whom_the_settings_name() -> None:
    assert await run(needs_second_factor, await make_user()) is None
    assert await run(needs_second_factor, await make_admin()) is not None


async def test_the_days_of_grace_begin_with_the_account_or_the_decision() -> None:
    old = await make_user("old", is_superuser=True, created_at=SINCE - timedelta(days=90))
    new = await make_user("new", is_superuser=True, created_at=SINCE + timedelta(days=90))
    assert await run(needs_second_factor, old) == SINCE + timedelta(days=3)
    assert await run(needs_second_factor, new) == SINCE + timedelta(days=93)


async def test_who_has_one_needs_none() -> None:
    admin = await make_admin()
    await make_factor(admin)
    assert await run(needs_second_factor, admin) is None

"""Search chooses its plan by how common a term is."""

import pytest
from sqlalchemy import literal, select, text
from sqlalchemy.exc import DBAPIError

from tca_app.core.database import pagination
from tca_app.core.database.session import reading, transaction
from tca_app.models import User
from tests.factories import make_user


async def test_a_term_whose_runs_always_come_together_counts_as_common(monkeypatch: pytest.MonkeyPatch) -> None:
    """`ine` and `nes` are in a quarter of the rows each: multiplied, they would be expected in a sixteenth."""
    monkeypatch.setattr(pagination, "COMMON_ROWS", 60)
    for number in range(300):
        await make_user(f"{'ines' if number % 4 == 0 else 'person'}{number}")
    async with transaction() as session:
        await session.execute(text("ANALYZE users"))
        ways = [
            await pagination.matching(session, User.__table__, term) for term in ("Ineš", "person", "person123", "n")
        ]
    assert [len(conditions) for conditions in ways] == [1, 1, 2, 1]


async def test_an_error_does_not_name_the_term_of_a_search() -> None:
    """It is in the text that PostgreSQL gets, and error texts are logged."""
    like, *_ = pagination.contains(literal("x"), "canary.word")
    async with reading() as session:
        with pytest.raises(DBAPIError, match="division by zero") as failed:
            await session.execute(select(literal(1)).where(like | text("1 / (SELECT 0) = 1")))
    assert ("fold_text(" in str(failed.value), "canary.word" in str(failed.value)) == (True, False)

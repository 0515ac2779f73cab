"""Rows become read schemas by the names of their columns."""

from sqlalchemy import text

from tca_app.core.database.lists import to_reads
from tca_app.core.database.session import reading
from tca_app.features.users.schemas import PersonRead


async def test_columns_are_read_by_name_and_others_are_ignored() -> None:
    statement = "SELECT 'Ana' AS full_name, 'a column more' AS count, 7 AS id, 'ana' AS username"
    async with reading() as session:
        rows = (await session.execute(text(statement))).all()
    assert to_reads(PersonRead, rows) == [PersonRead(id=7, username="ana", full_name="Ana")]

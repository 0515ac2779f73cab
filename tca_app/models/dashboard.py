"""The dashboard as each person has arranged it."""

from sqlalchemy import BigInteger, Column, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from tca_app.models.base import TableModel


class DashboardLayout(TableModel, table=True):
    """In which order a person wants the cards and panels, and which not at all; without a row the standard holds.

    A name that is gone meanwhile may stand here; one that came later does not.
    """

    __tablename__ = "dashboard_layouts"

    user_id: int = Field(
        sa_type=BigInteger,
        foreign_key="users.id",
        ondelete="CASCADE",
        primary_key=True,
        sa_column_kwargs={"autoincrement": False},
    )
    cards: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    panels: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    hidden: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))

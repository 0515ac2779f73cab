"""The dashboard layout of each person."""

from sqlalchemy import Column, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from tca_app.models.base import TableModel, parent_id


class DashboardLayout(TableModel, table=True):
    """The order of a person's cards and panels, and the hidden ones. Without a row the default layout applies.

    It may contain names that were removed since, and lacks names that were added later.
    """

    __tablename__ = "dashboard_layouts"

    user_id: int = parent_id("users")
    cards: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    panels: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    hidden: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))

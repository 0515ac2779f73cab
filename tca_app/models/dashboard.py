"""What each person chose to see: the dashboard layout, and the columns and density of lists."""

from collections.abc import Sequence

from sqlalchemy import Column, Text, text
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


class ListPreference(TableModel, table=True):
    """How a person sees a list. Without a row all columns are shown. It may hide columns that were removed since."""

    __tablename__ = "list_preferences"

    user_id: int = parent_id("users")
    list: str = Field(sa_type=Text, primary_key=True)
    hidden: Sequence[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    is_compact: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})

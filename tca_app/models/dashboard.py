"""What people chose to see: the dashboard layout, columns and density of lists, and saved views."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from tca_app.models.base import Row, TableModel, parent_id


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


class SavedView(Row, table=True):
    """The query of a list under a name. A shared view belongs to nobody, so it outlives its maker.

    `project_id` and `webhook_id` are the record whose list it is: a view of the members of a project ends with it.
    """

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("user_id", "list", "name", postgresql_nulls_not_distinct=True),)

    user_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="CASCADE")
    list: str = Field(sa_type=Text)
    project_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE")
    webhook_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="webhooks.id", ondelete="CASCADE")
    name: str = Field(sa_type=Text)
    query: str = Field(sa_type=Text)
    is_pinned: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})

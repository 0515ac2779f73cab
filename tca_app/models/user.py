"""Users of the console."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    FromClause,
    Index,
    Label,
    LargeBinary,
    Text,
    func,
    select,
    text,
)
from sqlmodel import Field

from tca_app.core.display_name import display_name_sql
from tca_app.models.base import UTC_TIME, Row, TableModel, parent_id


class User(Row, table=True):
    """A user. `email` is stored case-folded; `username` keeps its case and is unique case-insensitively.

    `pending_email` is the address that the user changes to, until they confirm it. `kind` is "person", or "service" for
    the account that a token of a project acts as: it is a member of the project, but never signs in and appears in no
    list of users. `superuser_since`: when the user became an administrator; None if the account was created so.

    `time_zone`, `locale` and `language` are how they see the console; None means as their browser says.

    Without `hashed_password` they sign in at a provider (`Identity`). `erased_at`: the person was erased; what is left
    is the id, under names that nobody can choose, and the row counts as deleted for good.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(
            "username ~ '^[A-Za-z0-9]{3,50}$' OR erased_at IS NOT NULL AND username = 'erased-' || id",
            name="username_form",
        ),
        CheckConstraint(
            "erased_at IS NULL OR (deleted_at IS NOT NULL AND hashed_password IS NULL AND NOT is_active "
            "AND NOT is_superuser)",
            name="erased_account",
        ),
        CheckConstraint("email = lower(email)", name="email_folded"),
        CheckConstraint("kind IN ('person', 'service')", name="kind"),
        CheckConstraint("kind = 'person' OR (NOT is_superuser AND hashed_password = '!')", name="service_account"),
        Index("uq_users_email", "email", unique=True),
        Index("uq_users_username", text("lower(username)"), unique=True),
        Index("ix_users_newest", text("created_at DESC"), text("id DESC"), postgresql_where=text("deleted_at IS NULL")),
        Index("ix_users_by_full_name", text("lower(full_name)"), "id", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_users_trash", text("deleted_at DESC"), postgresql_where=text("deleted_at IS NOT NULL")),
        Index("ix_users_superusers", "id", postgresql_where=text("is_superuser AND is_active AND deleted_at IS NULL")),
        Index("ix_users_grams", text("text_grams(search_text)"), postgresql_using="gin"),
    )

    kind: str = Field(default="person", sa_type=Text, sa_column_kwargs={"server_default": "person"})
    email: str = Field(sa_type=Text)
    username: str = Field(sa_type=Text)
    full_name: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    pending_email: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    hashed_password: str | None = Field(default=None, sa_type=Text, repr=False)
    must_change_password: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    time_zone: str | None = Field(default=None, sa_type=Text)
    locale: str | None = Field(default=None, sa_type=Text)
    is_active: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})
    is_superuser: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    superuser_since: datetime | None = Field(default=None, sa_type=UTC_TIME)
    language: str | None = Field(default=None, sa_type=Text)
    auth_version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    last_login_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    updated_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    deleted_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    erased_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    search_text: str | None = Field(
        default=None,
        sa_column=Column(
            "search_text",
            Text,
            Computed("fold_text(email || E'\\n' || username || E'\\n' || full_name)", persisted=True),
        ),
    )


class UserPicture(TableModel, table=True):
    """The picture of a user: a small WebP image, and its hash."""

    __tablename__ = "user_pictures"

    user_id: int = parent_id("users")
    hash: str = Field(sa_type=Text)
    content: bytes = Field(sa_type=LargeBinary, repr=False)
    changed_at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.now(), "nullable": False}
    )


def changed_by(table: FromClause) -> tuple[Label[str], Label[int | None]]:
    """Return the display name of the last editor of a row of `table`, as `changed_by`, and their `changed_by_id`.

    The name is empty when there is none.
    """
    editor = User.__table__.alias("editor").c
    name = select(display_name_sql(editor)).where(editor.id == table.c.updated_by_id).correlate(table)
    return func.coalesce(name.scalar_subquery(), "").label("changed_by"), table.c.updated_by_id.label("changed_by_id")

"""Users, how they sign in, and what belongs to a user alone."""

import sqlalchemy as sa

from initial_schema.build import (
    NOW,
    binary,
    boolean,
    check,
    create_index,
    create_search_index,
    create_table,
    integer,
    optional_reference,
    reference,
    row,
    search_text,
    text,
    texts,
    timestamp,
)

TABLES = ("users", "auth_sessions", "one_time_tokens", "login_throttles", "idempotency_keys", "dashboard_layouts")


def create() -> None:
    _create_users()
    _create_sign_in()
    create_table(
        "idempotency_keys",
        reference("user_id", "users"),
        text("key"),
        binary("fingerprint"),
        text("answer"),
        timestamp("created_at", NOW),
        key=("user_id", "key"),
    )
    create_index("ix_idempotency_keys_created_at", "idempotency_keys", "created_at")
    create_table(
        "dashboard_layouts",
        reference("user_id", "users"),
        texts("cards"),
        texts("panels"),
        texts("hidden"),
        key=("user_id",),
    )


def _create_users() -> None:
    create_table(
        "users",
        *row(),
        text("email"),
        text("username"),
        text("full_name", ""),
        text("hashed_password"),
        boolean("is_active", True),
        boolean("is_superuser", False),
        integer("auth_version", 1),
        timestamp("last_login_at", nullable=True),
        integer("version", 1),
        optional_reference("updated_by_id", "users"),
        timestamp("deleted_at", nullable=True),
        search_text("email", "username", "full_name"),
        check("username_form", "username ~ '^[A-Za-z0-9]{3,50}$'"),
        check("email_folded", "email = lower(email)"),
    )
    create_index("uq_users_email", "users", "email")
    create_index("uq_users_username", "users", "lower(username)")
    create_index("ix_users_by_full_name", "users", "lower(full_name)", "id", where="deleted_at IS NULL")
    create_index("ix_users_newest", "users", "created_at DESC", "id DESC", where="deleted_at IS NULL")
    create_index("ix_users_superusers", "users", "id", where="is_superuser AND is_active AND deleted_at IS NULL")
    create_index("ix_users_trash", "users", "deleted_at DESC", where="deleted_at IS NOT NULL")
    create_search_index("users")


def _create_sign_in() -> None:
    create_table(
        "auth_sessions",
        *row(),
        reference("user_id", "users"),
        text("kind"),
        sa.Column("family", sa.Uuid(), nullable=False),
        binary("token_hash", nullable=True),
        binary("refresh_hash", nullable=True),
        binary("previous_refresh_hash", nullable=True),
        timestamp("rotated_at", nullable=True),
        integer("auth_version"),
        text("user_agent", ""),
        text("ip", ""),
        timestamp("last_used_at", NOW),
        timestamp("expires_at"),
        timestamp("revoked_at", nullable=True),
        text("revoked_reason", nullable=True),
    )
    create_index("uq_auth_sessions_family", "auth_sessions", "family")
    create_index("uq_auth_sessions_token_hash", "auth_sessions", "token_hash")
    create_index("ix_auth_sessions_expires_at", "auth_sessions", "expires_at")
    create_index("ix_auth_sessions_user_id", "auth_sessions", "user_id", where="revoked_at IS NULL")
    create_table(
        "one_time_tokens",
        *row(),
        text("purpose"),
        binary("token_hash"),
        timestamp("expires_at"),
        timestamp("used_at", nullable=True),
    )
    create_index("uq_one_time_tokens_token_hash", "one_time_tokens", "token_hash")
    create_table(
        "login_throttles",
        text("key"),
        integer("failures"),
        timestamp("last_failed_at"),
        timestamp("blocked_until", nullable=True),
        key=("key",),
    )

"""How devices name an account is stored with each passkey, so that a new SECRET_KEY does not change it."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from tca_app.config.settings import get_settings

revision: str = "202611270711"
down_revision: str | None = "202611270345"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False  # the version before derives the same handle


def upgrade() -> None:
    op.add_column("factors", sa.Column("user_handle", sa.Text(), nullable=True))
    connection = op.get_bind()
    passkeys = connection.execute(sa.text("SELECT id, user_id FROM factors WHERE kind = 'passkey'")).all()
    for factor_id, user_id in passkeys:
        change = sa.text("UPDATE factors SET user_handle = :handle WHERE id = :id")
        connection.execute(change, {"handle": _handle_of(user_id), "id": factor_id})


def _handle_of(user_id: int) -> str:
    """Return the handle that the version before derived each time."""
    key = get_settings().secret_key.get_secret_value().encode()
    digest = hmac.new(key, f"passkey_user\x1f{user_id}".encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def downgrade() -> None:
    op.drop_column("factors", "user_handle")

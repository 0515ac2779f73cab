"""The initial schema. Its parts and their reasons are in the modules of `initial_schema`.

Tables come in the order of their references; functions that read tables and all triggers come last.
"""

from collections.abc import Sequence

from alembic import op
from initial_schema import accounts, aggregates, deployments, events, functions, health, jobs, projects, triggers

revision: str = "1000"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SUBJECTS = (accounts, projects, deployments, aggregates, health, events)


def upgrade() -> None:
    functions.create_search()
    for subject in SUBJECTS:
        subject.create()
    jobs.create()
    functions.create()
    triggers.create()


def downgrade() -> None:
    functions.drop_event_hash()
    for subject in reversed(SUBJECTS):
        for table in reversed(subject.TABLES):
            op.drop_table(table)
    jobs.drop()
    functions.drop()

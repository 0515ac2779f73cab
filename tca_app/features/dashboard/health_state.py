"""The panel "System health", which fails apart from the numbers."""

from datetime import UTC, datetime
from typing import TypedDict

import structlog

from tca_app.core.db import reading
from tca_app.core.errors import AppError
from tca_app.features.health.glance import Glance, glance
from tca_app.features.health.schemas import CheckRead
from tca_app.features.health.state import LATE
from tca_app.ui import routes
from tca_app.ui.handlers import CALL, handler
from tca_app.ui.session import SessionState

log = structlog.get_logger(__name__)

MOST = 8


class Part(TypedDict):
    """A component. `state` is passing, failing or unknown, or wavering when only the last answer was bad.

    `url` is where it runs: its project, "" for a part of the console.
    """

    id: int
    name: str
    url: str
    state: str
    latency: str
    detail: str


class HealthState(SessionState):
    """What works now, as `/status` has it; what does not comes first."""

    is_loaded: bool = False
    parts: list[Part] = []
    summary: str = ""
    more: int = 0
    late_since: str = ""
    failure: str = ""

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        self._watch(HealthState.load, "health", "projects")
        try:
            async with reading() as session:
                found = await glance(session, self._as_actor(), MOST)
        except Exception as error:
            self.failure = failure_words(error, "ui.health_failed")
            return
        self.parts = [_part(check) for check in found.checks]
        self.summary, self.more = _summary(found), found.total - len(found.checks)
        is_late = found.probed_at is not None and datetime.now(UTC) - found.probed_at > LATE
        self.late_since = found.probed_at.isoformat() if found.probed_at and is_late else ""
        self.is_loaded, self.failure = True, ""


def _part(check: CheckRead) -> Part:
    state = "wavering" if check.state == "passing" and check.last_ok is False else check.state
    return Part(
        id=check.id,
        name=check.name,
        url=routes.project(check.project_id) if check.project_id else "",
        state=state,
        latency="" if check.last_latency_ms is None else f"{check.last_latency_ms:,.0f} ms",
        detail=check.last_detail,
    )


def _summary(found: Glance) -> str:
    if not found.total:
        return ""
    if found.failing:
        return f"{found.failing} of {found.total:,} {'fails' if found.failing == 1 else 'fail'}"
    works = found.total - found.unknown
    return f"{works:,} of {found.total:,} work" if found.unknown else f"All {found.total:,} work"


def failure_words(error: Exception, event: str) -> str:
    """What a panel says when its read failed: one panel's fault must not take the others with it."""
    if isinstance(error, AppError):
        return error.detail
    log.exception(event, request_id=CALL.get().request_id)
    return f"Something went wrong on our side. Quote {CALL.get().request_id} when you report it."

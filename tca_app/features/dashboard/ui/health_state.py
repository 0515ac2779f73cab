"""State of the panel "System health". A failure here does not affect the numbers."""

from typing import TypedDict

import structlog

from tca_app.core.database.session import reading
from tca_app.core.errors import AppError
from tca_app.core.language.messages import _
from tca_app.core.language.stored import name_text, stored_text
from tca_app.core.region.formats import number
from tca_app.features.health.probing.check_state import is_wavering
from tca_app.features.health.schemas import CheckRead
from tca_app.features.health.summary import health_summary
from tca_app.ui import routes
from tca_app.ui.handlers import CALL, handler, unexpected_error
from tca_app.ui.session import SessionState

log = structlog.get_logger(__name__)

MOST = 8


class Part(TypedDict):
    """A component. `url` is the page of its project, or "" for a component of the console."""

    id: int
    name: str
    url: str
    state: str
    is_wavering: bool
    latency: str
    detail: str  # starts with the slug of its project


class HealthState(SessionState):
    """The components and their state, as on `/status`. Failing ones come first."""

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
                found = await health_summary(session, self._as_actor(), MOST)
        except Exception as error:
            self.failure = failure_words(error, "ui.health_failed")
            return
        self.parts = [_part(check) for check in found.checks]
        self.summary, self.more = found.asked.words, found.asked.total - len(found.checks)
        late_since = found.asked.late_since(found.as_of)
        self.late_since = late_since.isoformat() if late_since else ""
        self.is_loaded, self.failure = True, ""


def _part(check: CheckRead) -> Part:
    return Part(
        id=check.id,
        name=name_text(check.name),
        url=routes.project(check.project_id) if check.project_id else "",
        state=check.state,
        is_wavering=is_wavering(check),
        latency="" if check.last_latency_ms is None else _("{latency} ms", latency=number(check.last_latency_ms)),
        detail=" · ".join(text for text in (check.project_slug, stored_text(check.last_detail)) if text),
    )


def failure_words(error: Exception, event: str) -> str:
    """Returns the message of a panel that could not be loaded. The other panels still work."""
    if isinstance(error, AppError):
        return error.detail
    log.exception(event, request_id=CALL.get().request_id)
    return unexpected_error()

"""The form that freezes a project, or one environment of it, for a while."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

from tca_app.core.db import reading, transaction
from tca_app.features.environments import freezes
from tca_app.features.environments import service as environments
from tca_app.features.environments.schemas import FreezeCreate
from tca_app.features.environments.state import EnvironmentsState
from tca_app.features.projects.detail.state import shown_project
from tca_app.ui.form_state import FormState
from tca_app.ui.handlers import handler
from tca_app.ui.record import MovedOn
from tca_app.ui.session import SessionState

_MINUTES = "%Y-%m-%dT%H:%M"


class FreezeState(FormState, SessionState):
    """Times are entered in UTC: people in several zones share a window."""

    places: list[list[str]] = []

    @handler("signed_in")
    async def open_create(self, project_id: int) -> None:
        if project_id != shown_project(self):
            raise MovedOn
        async with reading() as session:
            found = await environments.list_environments(session, self._as_actor(), project_id)
        self.places = [["", "Everything"], *([str(place.id), place.name] for place in found)]
        now = datetime.now(UTC)
        times = {"starts_at": now.strftime(_MINUTES), "ends_at": (now + timedelta(days=1)).strftime(_MINUTES)}
        self._open_form("create", {"environment_id": "", "why": "", **times}, row_id=project_id)

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            place = values["environment_id"]
            data = FreezeCreate(
                environment_id=int(place) if place.isascii() and place.isdigit() else None,
                starts_at=_in_utc(values["starts_at"]),
                ends_at=_in_utc(values["ends_at"]),
                why=values["why"],
            )
            async with transaction() as session:
                await freezes.create_freeze(session, self._as_actor(), self.form_id, data)
            self._close_form()
            self._toast("The freeze is set.")
            yield EnvironmentsState.load


def _in_utc(text: str) -> Any:
    """What a field of minutes gives, as the time that the schema reads."""
    return f"{text}:00Z" if len(text) == 16 else text

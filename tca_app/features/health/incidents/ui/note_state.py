"""State of the form that adds a note to an incident, or posts an update of its status."""

from collections.abc import AsyncGenerator
from typing import Any, ClassVar

from tca_app.core.database.session import reading, transaction
from tca_app.core.language.messages import _
from tca_app.features.health.incidents import queries, service as incidents
from tca_app.features.health.incidents.schemas import IncidentRead, NoteCreate
from tca_app.features.health.incidents.ui.rows import STATUS_WORDS
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState


class NoteState(FormState, SessionState):
    """State of the form, on `/status` and on the page of an incident, which load again when it is saved."""

    about: str = ""
    status_options: list[list[str]] = []

    _openers: ClassVar = {"create": "open_note"}

    @handler("signed_in")
    async def open_note(self, incident_id: int) -> None:
        """Opens the form. The service checks the permission when it is saved."""
        async with reading() as session:
            incident = await queries.get_incident(session, self._as_actor(), incident_id)
        self.about, self.status_options = incident.name, _options(incident)
        self._open_form("create", {"note": "", "status": "", "is_public": ""}, row_id=incident_id)

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            given = {"note": values["note"], "status": values["status"] or None}
            data = NoteCreate.model_validate(given | {"is_public": values["is_public"] == "on"})
            async with transaction() as session:
                await incidents.add_note(session, self._as_actor(), self.form_id, data)
            self._close_form()
            self._toast(_("Update posted") if data.status else _("Note added"))


def _options(incident: IncidentRead) -> list[list[str]]:
    """Returns the statuses that the incident can take. Checks resolve what they opened."""
    if incident.closed_at is not None:
        return []
    statuses = [name for name in STATUS_WORDS if incident.is_manual or name != "resolved"]
    return [["", _("No change: only a note")], *([name, _(STATUS_WORDS[name])] for name in statuses)]

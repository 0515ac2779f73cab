"""State of the form that adds a note to an incident."""

from collections.abc import AsyncGenerator
from typing import Any, ClassVar

from tca_app.core.database.session import transaction
from tca_app.features.health.incidents import service as incidents
from tca_app.features.health.incidents.schemas import NoteCreate
from tca_app.features.health.ui.state import StatusState
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState


class NoteState(FormState, SessionState):
    about: str = ""

    _openers: ClassVar = {"create": "open_note"}

    @handler("signed_in")
    async def open_note(self, incident_id: int) -> None:
        """Opens the form for an incident on the page. The service checks the permission when it is saved."""
        page = await self.get_state(StatusState)
        line = next((line for line in page.incidents if line["id"] == incident_id), None)
        if line is None:
            return
        self.about = line["name"]
        self._open_form("create", {"note": "", "is_public": ""}, row_id=incident_id)

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            data = NoteCreate(note=values["note"], is_public=values["is_public"] == "on")
            async with transaction() as session:
                await incidents.add_note(session, self._as_actor(), self.form_id, data)
            self._close_form()
            self._toast("Note added")
            yield StatusState.load

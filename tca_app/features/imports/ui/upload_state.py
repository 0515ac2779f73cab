"""State of the dialog that uploads a CSV file, and of the imports of late that it offers."""

from typing import TypedDict

import reflex as rx

from tca_app.core.database.session import reading
from tca_app.core.language.messages import N_, _
from tca_app.features.imports import service as imports
from tca_app.features.imports.schemas import ImportRead, Kind
from tca_app.ui import routes
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState

STATES = {
    "preview": N_("Not started"),
    "running": N_("In progress"),
    "finished": N_("Finished"),
    "stopped": N_("Stopped"),
    "failed": N_("Failed"),
}


class RecentImport(TypedDict):
    """An import that the viewer may open again."""

    name: str
    state: str
    url: str
    at: str


class ImportUploadState(SessionState):
    """State of the dialog on the lists of users and projects and on the members of a project."""

    is_choosing: bool = False
    recent: list[RecentImport] = []

    @handler("signed_in")
    async def open_upload(self, kind: Kind, project_id: int = 0) -> None:
        async with reading() as session:
            found = await imports.list_imports(session, self._as_actor(), kind, project_id or None)
        self.recent = [_recent(row) for row in found[:3]]
        self.is_choosing = True
        self._note_dialog("is_choosing")

    @handler("signed_in")
    async def close_upload(self, is_open: bool = False) -> None:
        self.is_choosing = is_open

    @handler("signed_in")
    async def uploaded(self, import_id: int) -> Events:
        self.is_choosing = False
        return rx.redirect(routes.import_(import_id))


def _recent(row: ImportRead) -> RecentImport:
    name = row.file_name or _("Import {id}", id=row.id)
    state = _(STATES[row.state])
    return RecentImport(name=name, state=state, url=routes.import_(row.id), at=row.created_at.isoformat())

"""State of the page of one import: the preview with its choices, the progress, and what is left over."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, ClassVar, TypedDict

import reflex as rx

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError, Invalid, NotFound
from tca_app.core.language.messages import N_, _, ngettext
from tca_app.core.region.formats import number
from tca_app.features.imports import service as imports
from tca_app.features.imports.schemas import (
    ErrorQuery,
    ImportPreview,
    ImportRead,
    ImportStart,
    PlannedRow,
    PreviewQuery,
)
from tca_app.ui import routes
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.table.order import Order, OrderState
from tca_app.ui.url import record_id

LISTS = {"users": (N_("Users"), routes.USERS), "projects": (N_("Projects"), routes.PROJECTS)}
CHOICES = {"existing": ("skip", "update"), "new_users": ("link", "invitation", "none")}


class Line(TypedDict):
    """A row of the file, with what happens to it."""

    line: int
    action: str
    cells: list[str]
    error: str


class ImportState(OrderState, RecordState, SessionState):
    """State of the page `/imports/[import_id]`."""

    import_id: int = 0
    kind: str = ""
    phase: str = ""  # the state of the import
    file_name: str = ""
    uploaded_at: str = ""  # ISO 8601, as the next two; "" as long as it did not happen
    started_at: str = ""
    ended_at: str = ""
    total: int = 0
    total_text: str = ""
    done: int = 0
    summary: str = ""
    import_text: str = ""  # the label of the button that starts it
    failed: int = 0
    can_start: bool = False
    existing: str = ""
    new_users: str = ""
    columns: list[str] = []
    ignored: str = ""
    lines: list[Line] = []
    faults: list[Line] = []
    list_label: str = ""
    list_url: str = ""
    is_missing: bool = False
    is_busy: bool = False
    error_text: str = ""

    _order: ClassVar = Order.of("sort_errors", ErrorQuery)

    @rx.var
    def title(self) -> str:
        return (
            _("Page not found")
            if self.is_missing
            else _("Import {kind}", kind=_(self.kind))
            if self.kind
            else _("Import")
        )

    @rx.var
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0

    @rx.var
    def progress_text(self) -> str:
        return ngettext("{done} of {count} row", "{done} of {count} rows", self.total, done=f"{self.done:,}")

    @handler("signed_in", supersedes=True)
    async def load(self) -> AsyncGenerator[Any, None]:
        import_id = record_id(self.router_data, "/imports")
        self._watch(ImportState.load, f"import:{import_id}")
        if self._enter_record():
            self._empty()
            yield
        try:
            await self._read(import_id)
        except NotFound:
            self.is_missing = True
        except AppError as error:
            self.error_text = error.detail

    def _empty(self) -> None:
        self.import_id, self.kind, self.phase, self.existing, self.new_users = 0, "", "", "", ""
        self.lines, self.faults, self.summary, self.error_text = [], [], "", ""
        self.list_label, self.list_url = "", ""
        self.is_missing, self.is_busy = False, False

    def _choices(self) -> dict[str, str | None]:
        return {"existing": self.existing or None, "new_users": self.new_users or None}

    async def _read(self, import_id: int) -> None:
        actor, order = self._as_actor(), {"sort": self._sorted()}
        async with reading() as session:
            row = await imports.get_import(session, actor, import_id)
            preview, faults = None, list[PlannedRow]()
            if row.state == "preview":
                query = PreviewQuery.model_validate(self._choices() | order)
                preview = await imports.preview_import(session, actor, import_id, query)
            elif row.failed:
                faults = await imports.list_errors(session, actor, import_id, ErrorQuery.model_validate(order))
        self._keep(row)
        if preview:
            self._keep_preview(preview)
        else:
            self.lines, self.faults = [], _lines(faults)

    def _keep(self, row: ImportRead) -> None:
        self.import_id, self.kind, self.phase, self.file_name = row.id, row.kind, row.state, row.file_name
        self.uploaded_at, self.started_at, self.ended_at = (
            at.isoformat() if at else "" for at in (row.created_at, row.started_at, row.finished_at)
        )
        self.total, self.done, self.failed, self.columns = row.total, row.done, row.failed, row.columns
        self.total_text = number(row.total)
        self.existing, self.new_users = self.existing or row.existing, self.new_users or row.new_users
        self.summary = _summary(row)
        project = f"{routes.project(row.project_id)}?tab=members"
        self.list_label, self.list_url = LISTS.get(row.kind, (_("Members"), project))
        self.is_missing, self.error_text = False, ""

    def _keep_preview(self, preview: ImportPreview) -> None:
        count = preview.created + preview.changed
        self.failed, self.can_start = preview.failed, count > 0
        self.summary = _summary(preview)
        self.import_text = ngettext("Import {count} row", "Import {count} rows", count)
        self.ignored = ", ".join(preview.ignored)
        self.lines, self.faults = _lines(preview.rows), _lines(preview.errors)

    @handler("signed_in")
    async def choose(self, name: str, value: str) -> None:
        """Changes a choice of the preview."""
        if value not in CHOICES.get(name, ()):
            raise Invalid(_("Unknown choice."))
        before = getattr(self, name)
        setattr(self, name, value)
        try:
            await self._read(self.import_id)
        except AppError:
            setattr(self, name, before)
            raise

    @handler("signed_in")
    async def start(self, import_id: int) -> AsyncGenerator[Any, None]:
        self._require_record(import_id, self.import_id)
        if self.is_busy:
            return
        self.is_busy = True
        yield
        try:
            async with transaction() as session:
                data = ImportStart.model_validate(self._choices())
                await imports.start_import(session, self._as_actor(), import_id, data)
        finally:
            self.is_busy = False
        yield ImportState.load

    @handler("signed_in")
    async def stop(self, import_id: int) -> Events:
        self._require_record(import_id, self.import_id)
        async with transaction() as session:
            await imports.stop_import(session, self._as_actor(), import_id)
        return ImportState.load

    @handler("signed_in")
    async def delete(self, import_id: int) -> Events:
        self._require_record(import_id, self.import_id)
        async with transaction() as session:
            await imports.delete_import(session, self._as_actor(), import_id)
        self._toast(_("File deleted"))
        return rx.redirect(self.list_url)


def _lines(rows: Sequence[PlannedRow]) -> list[Line]:
    return [Line(line=row.line, action=row.action, cells=row.cells, error=row.error) for row in rows]


def _summary(row: ImportRead | ImportPreview) -> str:
    """ "412 new, 8 changed, 3 with errors"."""
    parts = [_("{count} new", count=number(row.created))]
    parts += [_("{count} changed", count=number(row.changed))] if row.changed else []
    parts += [_("{count} unchanged", count=number(row.unchanged))] if row.unchanged else []
    parts += [_("{count} with errors", count=number(row.failed))] if row.failed else []
    return ", ".join(parts)

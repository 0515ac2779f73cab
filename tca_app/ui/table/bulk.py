"""Bulk actions on the rows of a table: their confirmation, refusals and undo."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar

import reflex as rx
from pydantic import Field

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, dry_run, reading, transaction
from tca_app.core.errors import AppError, Invalid
from tca_app.core.language.messages import _
from tca_app.core.region.formats import number
from tca_app.core.schema import Id, Line500
from tca_app.ui.handlers import Events, handler, set_permission
from tca_app.ui.table.bulk_spec import (
    RESTORE as RESTORE,
    BulkAction as BulkAction,
    BulkSpec as BulkSpec,
    Refusal,
    Result,
    by_reason,
    check_reason,
    choose_rows,
    counted,
    result_text,
)
from tca_app.ui.table.selection.state import SelectionState
from tca_app.ui.table.state import TableState

MAX_EVERYTHING = 2_000  # rows that one action changes at most: each hundred is a transaction of its own
BATCH = 100
Ids = Annotated[list[Id], Field(min_length=1, max_length=100)]

_RUNS = ("ask_bulk", "ask_rows", "cancel_bulk", "run_bulk", "try_bulk", "undo_rows")
HANDLERS = (*_RUNS, "dismiss_refusals", "select_everything")


class BulkRows(SelectionState, mixin=True):
    """Mixin for a list without a TableState whose rows take bulk actions. List it before the state's base class.

    The feature sets `_bulk`, implements `_apply`, and names the handler that reloads the list `load`. A list that does
    not show all its rows also sets `total` and implements `_everything`. `bulk_list` draws the buttons, the
    confirmation and the refusals, `tick` the checkbox of a row.
    """

    bulk_action: str = ""
    bulk_title: str = ""
    bulk_text: str = ""
    bulk_button: str = ""
    bulk_keep: str = ""  # the label of the button that closes the confirmation
    bulk_error: str = ""
    bulk_reason_error: str = ""  # at the `reason_field`
    is_bulk_danger: bool = False
    is_bulk_open: bool = False
    is_bulk_running: bool = False
    is_bulk_trying: bool = False
    bulk_progress: str = ""
    bulk_tried: str = ""  # what a dry run found
    tried_refusals: list[Refusal] = []
    refusals: list[Refusal] = []

    _reason: str = ""  # the text of the `reason_field`, for `_apply`
    _bulk_ids: list[int] = []
    _bulk_names: dict[int, str] = {}
    _bulk: ClassVar[BulkSpec]

    def __init_subclass__(cls, mixin: bool = False, **options: bool) -> None:
        super().__init_subclass__(mixin=mixin, **options)
        if not cls._mixin:  # Reflex has given the class its own functions of the handlers
            for name in HANDLERS:
                set_permission(cls.event_handlers[name].fn, cls._bulk.permission)

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> Sequence[Result]:
        """Runs the action on the rows. Implemented by the feature."""
        raise NotImplementedError

    def _reload(self) -> Events:
        """Returns what reads the list again."""
        return type(self).load

    def _question(self, action: BulkAction, rows: list[Any]) -> str:
        """Returns the text of the confirmation, or "" for an action that runs immediately."""
        return _(action.question) if action.question else ""

    async def _prepare_question(self, action: str) -> None:
        """Loads what the confirmation of a feature shows beside the text."""

    @rx.var
    def takes_bulk(self) -> bool:
        """Whether the list shown takes the actions that are not for the trash."""
        return not self.is_trash and len(self.not_offered) < len(self._bulk.actions)

    @rx.var
    def not_offered(self) -> list[str]:
        """The keys of actions without a button, because the viewer may not do them on any of the rows."""
        return []

    @rx.var
    def selected_text(self) -> str:
        """How many rows are selected: those of this page, or all that the filters leave."""
        everything = self.is_everything and self.is_all_selected
        count = self.total if everything else len(self.selected)
        return _("{what} selected", what=counted(count, self._bulk.noun))

    @rx.var
    def everything_text(self) -> str:
        """The label of the button that selects the rows of all pages, or why there is none; "" without more rows."""
        is_more = self.is_all_selected and self.total > len(self.rows) and not self.is_everything
        if is_more and self.total > MAX_EVERYTHING:
            return _("At most {most} at once: use filters.", most=number(MAX_EVERYTHING))
        return _("Select all {total}", total=number(self.total)) if is_more else ""

    @handler("signed_in")
    async def select_everything(self) -> None:
        """Selects the rows of all pages, after those of this page."""
        self.is_everything = True

    async def _everything(self) -> list[Any]:
        """Returns all rows that the filters leave, at most MAX_EVERYTHING."""
        return self.rows

    @handler("signed_in")
    async def ask_bulk(self, action: str) -> Events:
        """Runs the action on the selected rows, or opens its confirmation."""
        if self.is_everything and self.is_all_selected:
            return await self._ask(action, await self._everything())
        return await self._ask(action, [row for row in self.rows if row["id"] in self.selected])

    @handler("signed_in")
    async def ask_rows(self, action: str, ids: Ids) -> Events:
        """Runs the action on these rows, or opens its confirmation."""
        rows = {row["id"]: row for row in self.rows}
        return await self._ask(action, [rows.get(row_id, {"id": row_id}) for row_id in ids])

    async def _ask(self, key: str, asked: list[Any]) -> Events:
        action = self._bulk.action(key)
        rows, left_out = choose_rows(self._bulk, action, asked, self._as_actor().user_id, is_trash=self.is_trash)
        if not rows:
            if asked:
                self._toast(left_out, kind="error")
            return None
        self._bulk_ids, self.is_bulk_open = [row["id"] for row in rows], False  # no confirmation of other rows is left
        self._bulk_names = {row["id"]: self._name_of(row) for row in rows if self._bulk.name_key in row}
        self._reason = ""
        question = self._question(action, rows)
        if not question and len(rows) <= BATCH:
            return await self._run_whole(action)
        self.bulk_action, self.bulk_button, self.bulk_keep = key, _(action.label), _(action.keep)
        what = counted(len(rows), self._bulk.noun)
        self.bulk_title = _(action.title, action=_(action.label), what=what)
        self.bulk_text = f"{question} {left_out}".strip()
        self.bulk_error = self.bulk_reason_error = self.bulk_progress = ""
        self.is_bulk_danger = action.danger
        self.is_bulk_open, self.is_bulk_running = True, False
        self.bulk_tried, self.tried_refusals = "", []
        self._note_dialog("is_bulk_open")
        await self._prepare_question(key)
        return None

    def _name_of(self, row: Any) -> str:
        """Returns the name of a row, for what is said about it."""
        return str(row[self._bulk.name_key])

    def _forget_bulk(self) -> None:
        """Forgets what is selected and asked, when the page shows the list of another record."""
        self.selected, self.is_everything, self.refusals = [], False, []
        self._bulk_ids, self.is_bulk_open = [], False

    def _show_bulk_error(self, error: AppError) -> None:
        self.bulk_reason_error = error.field_details.get("reason", "")
        self.bulk_error = "" if self.bulk_reason_error else error.detail

    @handler("signed_in")
    async def cancel_bulk(self) -> None:
        """Closes the confirmation on Cancel, Esc or a click outside, unless the action is already running."""
        self.is_bulk_open = self.is_bulk_running

    @handler("signed_in")
    async def run_bulk(self, reason: Line500 = "") -> AsyncGenerator[Any, None]:
        """Runs the confirmed action. An error stays in the dialog."""
        if not self.is_bulk_open:
            return
        self.is_bulk_running, self.bulk_error, self.bulk_reason_error = True, "", ""
        yield
        action, results = self._bulk.action(self.bulk_action), list[Result]()
        try:
            self._reason = check_reason(action, reason)
            while len(results) < len(self._bulk_ids):
                results += await self._run_batch(action, self._bulk_ids[len(results) : len(results) + BATCH])
                self._show_progress(len(results))
                if len(results) < len(self._bulk_ids):
                    yield
        except AppError as error:
            self._show_bulk_error(error)
            if not results:
                return
            # The batches before are done, so the dialog says what is, and does not offer them again.
            self._bulk_ids = self._bulk_ids[len(results) :]
            self.bulk_error = self.bulk_error and _(
                "{results} done, then stopped: {detail}", results=number(len(results)), detail=error.detail
            )
            self._show_results(action, results)
            return
        finally:
            self.is_bulk_running, self.bulk_progress = False, ""
        self.is_bulk_open = False
        self._show_results(action, results)
        yield self._reload()

    @handler("signed_in")
    async def try_bulk(self, reason: Line500 = "") -> AsyncGenerator[Any, None]:
        """Runs the action that the dialog asks about and takes it back: the dialog says what it would change."""
        if not self.is_bulk_open:
            return
        self.is_bulk_trying, self.bulk_error, self.bulk_tried, self.tried_refusals = True, "", "", []
        self.bulk_reason_error = ""
        yield
        action, results = self._bulk.action(self.bulk_action), list[Result]()
        try:
            self._reason = check_reason(action, reason)
            while len(results) < len(self._bulk_ids):
                async with dry_run() as session:
                    ids = self._bulk_ids[len(results) : len(results) + BATCH]
                    results += await self._apply(session, self._as_actor(), action.key, ids)
                self._show_progress(len(results))
                yield
        except AppError as error:
            self._show_bulk_error(error)
            return
        finally:
            self.is_bulk_trying, self.bulk_progress = False, ""
        self.tried_refusals = by_reason(results, self._bulk_names, self._bulk.noun)
        done = sum(result.ok for result in results)
        self.bulk_tried = _(
            "Nothing was changed yet. This would work for {done} of {total}.",
            done=number(done),
            total=counted(len(results), self._bulk.noun),
        )

    def _show_progress(self, done: int) -> None:
        self.bulk_progress = _("{results} of {bulk_ids}", results=number(done), bulk_ids=number(len(self._bulk_ids)))

    @handler("signed_in")
    async def undo_rows(self, action: str, ids: Ids) -> Events:
        """Takes an action back with the one that undoes it, on the rows that it changed."""
        if all(done.undo != action for done in self._bulk.actions):
            raise Invalid(_("Unknown action."))
        self._choose(ids)
        await self._prepare_question("")
        return await self._run_whole(self._bulk.action(action))

    def _choose(self, ids: list[int]) -> None:
        name_key = self._bulk.name_key
        self._bulk_ids, self.is_bulk_open = list(ids), False
        self._bulk_names = {row["id"]: row[name_key] for row in self.rows} if name_key else {}

    @handler("signed_in")
    async def dismiss_refusals(self) -> None:
        self.refusals = []

    async def _run_whole(self, action: BulkAction) -> Events:
        """Runs an action on at most one batch, without a confirmation."""
        self._show_results(action, await self._run_batch(action, self._bulk_ids))
        return self._reload()

    async def _run_batch(self, action: BulkAction, ids: list[int]) -> Sequence[Result]:
        async with transaction() as session:
            return await self._apply(session, self._as_actor(), action.key, list(ids))

    def _show_results(self, action: BulkAction, results: Sequence[Result]) -> None:
        """Shows what was done in a toast, and the refusals by their reason."""
        self.refusals = by_reason(results, self._bulk_names, self._bulk.noun)
        self.selected, self.is_everything = [], False
        done = [result.id for result in results if result.ok]
        text = result_text(self._bulk, action, results, self._bulk_names)
        undo = type(self).undo_rows(action.undo, done) if action.undo and 0 < len(done) <= BATCH else None
        self._toast(text, "success" if done else "error", undo=undo)
        self._bulk_names = {}


class BulkActions(BulkRows, TableState, mixin=True):
    """Mixin for a table whose rows take bulk actions. List it, instead of `TableState`, before the state's base class.

    `data_table` draws the checkboxes, too. An action on everything reads the rows that the filters leave once more,
    page by page, and runs in batches.
    """

    async def _everything(self) -> list[Any]:
        """Reads all rows that the filters leave, each once, whatever changes between two pages."""
        found: dict[int, Any] = {}
        query = replace(self._query(), size=BATCH, sort=self._spec.default_sort)
        async with reading() as session:
            for page in range(1, MAX_EVERYTHING // BATCH + 1):
                rows, *_rest = await self._fetch(session, self._as_actor(), replace(query, page=page))
                found |= {row["id"]: row for row in rows}
                if len(rows) < BATCH:
                    break
        return list(found.values())

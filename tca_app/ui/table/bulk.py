"""Bulk actions on the rows of a table: their confirmation, refusals and undo."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Protocol, TypedDict

import reflex as rx
from pydantic import Field

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, transaction
from tca_app.core.errors import AppError, Invalid
from tca_app.core.plurals import plural
from tca_app.core.schema import Id
from tca_app.ui.handlers import Events, handler, set_permission
from tca_app.ui.table.state import TableState

Ids = Annotated[list[Id], Field(min_length=1, max_length=100)]


class Result(Protocol):
    """The result of an action for one row. `detail` says why it was refused."""

    id: int
    ok: bool
    detail: str


class Refusal(TypedDict):
    """A row that an action skipped, and why."""

    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class BulkAction:
    """An action on many rows. It is confirmed first when it has a `question`, the text of the confirmation."""

    key: str
    label: str
    done: str  # "archived"
    question: str = ""
    needs: str = ""  # the key of a row's flag that says whether the viewer may do it
    danger: bool = False
    in_trash: bool = False
    can_undo: bool = False


RESTORE = BulkAction("restore", "Restore", "restored", in_trash=True)


@dataclass(frozen=True, slots=True)
class BulkSpec:
    """The bulk actions of a table, and the permission that their handlers require."""

    permission: str
    noun: str
    actions: tuple[BulkAction, ...]
    name_key: str = ""  # the key of a row's name; without it rows are named by their ids
    refused: str = "refused"

    def action(self, key: str) -> BulkAction:
        for action in self.actions:
            if action.key == key:
                return action
        raise Invalid("Unknown action.")


class BulkActions(TableState, mixin=True):
    """Mixin for a table whose rows take bulk actions. List it, instead of `TableState`, before the state's base class.

    The feature sets `_bulk`, implements `_apply`, and names the handler that reloads the table `load`. `data_table`
    draws the checkboxes, the buttons, the confirmation and the refusals.
    """

    bulk_action: str = ""
    bulk_title: str = ""
    bulk_text: str = ""
    bulk_button: str = ""
    bulk_error: str = ""
    is_bulk_open: bool = False
    is_bulk_running: bool = False
    refusals: list[Refusal] = []

    _bulk_ids: list[int] = []
    _bulk: ClassVar[BulkSpec]

    def __init_subclass__(cls, mixin: bool = False, **options: bool) -> None:
        super().__init_subclass__(mixin=mixin, **options)
        if not mixin:  # Reflex has given the class its own functions of the handlers
            for name in ("ask_bulk", "ask_rows", "cancel_bulk", "run_bulk", "restore_rows", "dismiss_refusals"):
                set_permission(cls.event_handlers[name].fn, cls._bulk.permission)

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> Sequence[Result]:
        """Runs the action on the rows. Implemented by the feature."""
        raise NotImplementedError

    async def _prepare_question(self, action: str) -> None:
        """Loads what the confirmation of a feature shows beside the text."""

    @rx.var
    def takes_bulk(self) -> bool:
        """Whether the list shown takes the actions that are not for the trash."""
        return not self.is_trash

    @handler("signed_in")
    async def ask_bulk(self, action: str) -> Events:
        """Runs the action on the selected rows, or opens its confirmation."""
        return await self._ask(action, [row["id"] for row in self.rows if row["id"] in self.selected])

    @handler("signed_in")
    async def ask_rows(self, action: str, ids: Ids) -> Events:
        """Runs the action on these rows, or opens its confirmation."""
        return await self._ask(action, ids)

    async def _ask(self, key: str, asked: list[int]) -> Events:
        action = self._bulk.action(key)
        ids = self._allowed(action, asked)
        if not ids:
            if asked:
                self._toast(self._why_none(action), kind="error")
            return None
        if not action.question:
            return await self._run(action, ids)
        others = len(asked) - len(ids)
        rest = f" You do not have permission to change the other {others}; they are unchanged." if others else ""
        self.bulk_action, self.bulk_button, self._bulk_ids = key, action.label, ids
        self.bulk_title = f"{action.label} {plural(len(ids), self._bulk.noun)}?"
        self.bulk_text, self.bulk_error = f"{action.question}{rest}", ""
        self.is_bulk_open, self.is_bulk_running = True, False
        await self._prepare_question(key)
        return None

    def _allowed(self, action: BulkAction, ids: list[int]) -> list[int]:
        if self.is_trash and not action.in_trash:
            return []
        if not action.needs:
            return ids
        return [row["id"] for row in self.rows if row["id"] in ids and row[action.needs]]

    def _why_none(self, action: BulkAction) -> str:
        if self.is_trash:
            return f"These {self._bulk.noun}s are already in the trash."
        return f"You do not have permission to {action.label.lower()} these {self._bulk.noun}s. Ask their owners."

    @handler("signed_in")
    async def cancel_bulk(self) -> None:
        """Closes the confirmation on Cancel, Esc or a click outside, unless the action is already running."""
        self.is_bulk_open = self.is_bulk_running

    @handler("signed_in")
    async def run_bulk(self) -> AsyncGenerator[Any, None]:
        """Runs the confirmed action. An error stays in the dialog."""
        if not self.is_bulk_open:
            return
        self.is_bulk_running, self.bulk_error = True, ""
        yield
        try:
            events = await self._run(self._bulk.action(self.bulk_action), list(self._bulk_ids))
        except AppError as error:
            self.bulk_error = error.detail
            return
        finally:
            self.is_bulk_running = False
        self.is_bulk_open = False
        yield events

    @handler("signed_in")
    async def restore_rows(self, ids: Ids) -> Events:
        """Restores rows, from the menu of a row in the trash or with Undo."""
        return await self._run(self._bulk.action(RESTORE.key), ids)

    @handler("signed_in")
    async def dismiss_refusals(self) -> None:
        self.refusals = []

    async def _run(self, action: BulkAction, ids: list[int]) -> Events:
        async with transaction() as session:
            results = await self._apply(session, self._as_actor(), action.key, list(ids))
        noun, name_key = self._bulk.noun, self._bulk.name_key
        names = {row["id"]: row[name_key] for row in self.rows} if name_key else {}
        self.refusals = [
            Refusal(name=names.get(result.id, f"{noun.capitalize()} {result.id}"), detail=result.detail)
            for result in results
            if not result.ok
        ]
        self.selected = []
        self._toast_results(action, [result.id for result in results if result.ok], names)
        return type(self).load

    def _toast_results(self, action: BulkAction, done: list[int], names: dict[int, str]) -> None:
        noun = self._bulk.noun
        what = names.get(done[0]) if len(done) == 1 else None
        text = f"{what or plural(len(done), noun)} {action.done}" if done else f"No {noun}s {action.done}"
        if self.refusals:
            text += f", {len(self.refusals)} {self._bulk.refused}"
        undo = type(self).restore_rows(done) if action.can_undo and done else None
        self._toast(text, "success" if done else "error", undo=undo)

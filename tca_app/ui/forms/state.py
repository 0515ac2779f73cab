"""The state of a form in a dialog: errors at the field, one effect per click, a merge when someone saved first.

See `tca_app.ui.forms.fields` for its use and docs/typed-text.md for drafts.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, TypedDict
from uuid import uuid4

import reflex as rx
from pydantic import ValidationError
from reflex.state import BaseState

from tca_app.core.errors import AppError, Stale
from tca_app.core.language.messages import N_, _
from tca_app.core.schema import in_words
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import MovedOn
from tca_app.ui.session import SessionMixin
from tca_app.ui.url import number_in, record_url

THEIRS, MINE = "theirs", "mine"
SAVED, CLOSED = "saved", "closed"
DRAFT_KEY = re.compile(r"[0-9a-f]{32}")
CREATED_BEFORE = N_(
    "This was already created before the connection was lost, with the values at that time. "
    "Close the form to see it, or press the button again to create another one."
)
# Fields that are never stored in a state, because with several replicas a state is stored in Redis.
SECRETS = ("password", "current_password", "repeated", "webhook_url")


class Clash(TypedDict):
    """A field that both changed: the value in the form and the saved value."""

    field: str
    label: str
    mine: str
    theirs: str


class FormState(SessionMixin, mixin=True):
    """Mixin for a state with a form dialog. List it before the state's base class."""

    form_mode: str = ""  # "" while closed, else as named by the caller: "create", "edit"
    form_shows: str = ""  # the mode of what the dialog shows, also while it closes; pages read this one
    form_url: str = ""  # the page where it was opened; on another page it is not shown and saves nothing
    form_name: str = ""  # name of the record that it edits or adds to, for the title
    form_values: dict[str, str] = {}
    form_errors: dict[str, str] = {}
    form_error: str = ""
    form_busy: bool = False
    form_nonce: str = ""
    form_round: int = 0
    form_id: int = 0
    form_version: int = 0
    form_clashes: list[Clash] = []
    form_clash_by: str = ""  # "" when it was the viewer, in another tab
    form_key: str = ""  # the idempotency key of a create, and the key of the browser's draft
    form_ended: str = ""  # SAVED or CLOSED, and the key of the form: the browser drops or keeps its draft

    _record_fields: ClassVar[tuple[str, ...]] = ()  # like in `ui.record`
    _form_base: dict[str, str] = {}  # the values when the form was opened or last merged
    _form_mine: dict[str, str] = {}  # the values that were last sent

    save: ClassVar[Any]  # the handler of the state with the form
    _draft_name: ClassVar[str] = ""  # shared by states with the same form; otherwise the name of the class
    _openers: ClassVar[dict[str, str]] = {"create": "open_create", "edit": "open_edit"}  # maps modes to handlers

    @rx.var
    def form_draft(self) -> str:
        """The data, as JSON, with which the browser keeps a draft of the open form."""
        if not self.form_mode:
            return ""
        base = {name: value for name, value in self._form_base.items() if name not in SECRETS}
        return draft_of(draft_name(type(self)), self.form_mode, self.form_id, self.form_key, base, self.form_version)

    def _open_form(
        self, mode: str, values: dict[str, str], *, row_id: int = 0, version: int = 0, name: str = ""
    ) -> None:
        """Shows the dialog with these values. `row_id`, `version` and `name` are those of the edited record."""
        self._clear_form()
        self.form_url, self.form_name = self._form_url_now(), name
        self.form_mode = self.form_shows = mode
        self.form_values, self._form_base = values, dict(values)
        self.form_id, self.form_version = row_id, version
        self.form_nonce = self.form_key = uuid4().hex

    def _form_url_now(self) -> str:
        return record_url(self.router_data, *self._record_fields)

    def _close_form(self) -> None:
        """Closes the form after a save. The browser drops its draft."""
        self.form_ended = f"{SAVED} {self.form_key}"
        self._hide_form()

    def _hide_form(self) -> None:
        """Hides the form when the page shows something else. The browser keeps its draft.

        What the dialog shows stays until the next open, because the browser still draws it while it closes.
        """
        self.form_mode = self.form_key = self.form_nonce = ""
        self.form_busy, self._form_mine = False, {}

    def _hide_left_form(self) -> None:
        """Hides a form that was opened on another page. One that was opened here, before the page had loaded, stays."""
        if self.form_url != self._form_url_now():
            self._hide_form()

    def _clear_form(self) -> None:
        self.form_errors, self.form_error, self.form_busy = {}, "", False
        self.form_clashes, self.form_clash_by, self._form_mine = [], "", {}
        # A new nonce makes a late second click on the same form do nothing.
        self.form_nonce = ""

    def _begin_save(self, form: dict[str, str]) -> dict[str, str] | None:
        """Returns the values to save, merged after a conflict, or None when this form is closed or already saved.

        Raises MovedOn when the tab has left the page where the form was opened.
        """
        self.form_round += 1
        if not self.form_mode or form.get("nonce") != self.form_nonce:
            return None
        if self.form_url != self._form_url_now():
            self._hide_form()
            raise MovedOn
        self.form_errors, self.form_error, self.form_busy = {}, "", True
        if self.form_clashes:
            theirs = [clash for clash in self.form_clashes if form.get(f"keep.{clash['field']}") != MINE]
            self._form_mine = {**self._form_mine, **{clash["field"]: clash["theirs"] for clash in theirs}}
        else:
            # An unchecked checkbox is missing from a form; all other fields are present.
            kept = [name for name in self._form_base if name not in SECRETS]
            self._form_mine = {name: form.get(name, "") for name in kept}
        return {name: self._form_mine.get(name, form.get(name, "")) for name in self._form_base}

    @contextmanager
    def _showing_errors(self) -> Iterator[None]:
        """Shows an error in the form: at its field if it names one, else above the fields."""
        try:
            yield
        except ValidationError as error:
            self._show_faults(faults_of(error), "")
        except AppError as error:
            self._show_faults(error.field_details, self._is_created_before(error) or error.detail)
        finally:
            self.form_busy = False

    def _is_created_before(self, error: AppError) -> str:
        """Handles a create that is sent again with other values after its response was lost, and makes a new key."""
        if error.code != "idempotency_key_reused":
            return ""
        self.form_ended, self.form_key = f"{SAVED} {self.form_key}", uuid4().hex
        return _(CREATED_BEFORE)

    def _show_faults(self, faults: dict[str, str], detail: str) -> None:
        self.form_errors = {name: text for name, text in faults.items() if name in self._form_base}
        others = [text for name, text in faults.items() if name not in self._form_base]
        if others or not self.form_errors:
            self.form_error = " ".join(others) or detail
        if self.form_clashes:
            self._show_fields(self._form_mine)

    def _show_fields(self, values: dict[str, str]) -> None:
        """Renders the fields with these values. With a new nonce it is a new form for the browser."""
        self.form_clashes, self.form_nonce = [], uuid4().hex
        self.form_values = {name: values.get(name, "") for name in self._form_base}

    def _ask_to_merge(self, saved: dict[str, str], stale: Stale, *, version: int, labels: dict[str, str]) -> None:
        """Merges after someone saved first: takes fields that only they changed, asks about those that both changed.

        `saved` is the current record in the form of the form's values.
        """
        base, mine = self._form_base, self._form_mine
        changed = {name for name in mine if mine[name] != base[name]}
        clashes = [name for name in mine if name in changed and saved[name] not in (base[name], mine[name])]
        self._form_mine = {name: mine[name] if name in changed else saved[name] for name in mine}
        self._form_base = {**base, **saved}
        by_viewer = stale.changed_by_id == self.user_id
        who = stale.changed_by or _("Someone else")
        self.form_version, self.form_clash_by, self.form_busy = version, "" if by_viewer else who, False
        if clashes:
            self.form_clashes = [
                Clash(field=name, label=_(labels.get(name, name)), mine=mine[name], theirs=saved[name])
                for name in clashes
            ]
        else:
            self._show_fields(self._form_mine)
            self.form_error = (
                _("You changed other fields in another tab. The form now has both changes: save again.")
                if by_viewer
                else _(
                    "{who} changed other fields in the meantime. The form now has both changes: save again.", who=who
                )
            )

    @handler("signed_in")
    async def close_form(self, is_open: bool = False) -> None:
        """Closes the form on Cancel, Esc or a click outside, unless it is being saved."""
        if not is_open and not self.form_busy:
            self.form_ended = f"{CLOSED} {self.form_key}"
            self._hide_form()

    @handler("signed_in")
    async def resume_form(self, draft: dict[str, str]) -> Events:
        """Restores a draft of the browser in its open form, or returns the event that opens the form."""
        mode, row_id = draft.get("mode", ""), number_in(draft.get("id", ""))
        if not self.form_mode or self.form_url != self._form_url_now():
            return self._opener(mode, row_id)
        if (mode, row_id) == (self.form_mode, self.form_id) and not self.form_busy and not self.form_clashes:
            self._put_back(draft)
        return None

    @handler("signed_in")
    async def discard_draft(self) -> Events:
        """Resets the form to the saved values. The browser has dropped the draft."""
        return self._opener(self.form_mode, self.form_id)

    def _opener(self, mode: str, row_id: int) -> Any:
        """Returns the event that opens a form. It passes Gate like any other."""
        opener = getattr(type(self), self._openers.get(mode, ""), None)
        if opener is None:
            return None
        return opener(*self._opener_scope(), *([row_id] if row_id else []))

    def _opener_scope(self) -> list[int]:
        """Returns the ids that its openers take before the id of the row."""
        return []

    def _put_back(self, draft: dict[str, str]) -> None:
        """Restores a draft in the open form. The browser shows the values already, so nothing is rendered again.

        The version and the base are those of the draft, so the save detects a change that someone made since.
        """
        names = [name for name in self._form_base if name not in SECRETS]
        values = {name: draft[f"value.{name}"] for name in names if f"value.{name}" in draft}
        base = {name: draft[f"base.{name}"] for name in names if f"base.{name}" in draft}
        self.form_values = {**self.form_values, **values}
        self._form_base = {**self._form_base, **base}
        self.form_version = number_in(draft.get("version", "")) or self.form_version
        if DRAFT_KEY.fullmatch(draft.get("key", "")):
            self.form_key, self.form_ended = draft["key"], ""


def hide_forms(state: BaseState) -> None:
    """Hides the forms of a state's tree when a page was loaded anew. The browser opens the one with a draft again."""
    if isinstance(state, FormState) and state.form_mode:
        state._hide_form()
    for part in state.substates.values():
        hide_forms(part)


def draft_name(state: type[Any]) -> str:
    """Returns the name of the drafts of a FormState's form."""
    return str(state._draft_name or state.__name__)


def draft_of(form: str, mode: str, row_id: int, key: str, base: dict[str, str], version: int = 0) -> str:
    """Returns the value of a form's attribute `data-draft`, which assets/console reads."""
    return json.dumps({"form": form, "mode": mode, "id": row_id, "version": version, "key": key, "base": base})


def faults_of(error: ValidationError) -> dict[str, str]:
    """Returns readable messages, by field."""
    return {str(fault["loc"][0]) if fault["loc"] else "": in_words(fault) for fault in reversed(error.errors())}

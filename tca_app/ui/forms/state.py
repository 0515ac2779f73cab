"""The state behind a form in a dialog: errors at the field, one effect per click, a merge when somebody saved first.

How it is used stands in `tca_app.ui.forms.fields`, how typed text outlives an outage in docs/typed-text.md.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, TypedDict
from uuid import uuid4

import reflex as rx
from pydantic import ValidationError

from tca_app.core.errors import AppError
from tca_app.core.schema import in_words
from tca_app.ui.handlers import handler
from tca_app.ui.record import MovedOn
from tca_app.ui.url import number_in, record_url

THEIRS, MINE = "theirs", "mine"
SAVED, CLOSED = "saved", "closed"
DRAFT_KEY = re.compile(r"[0-9a-f]{32}")
CREATED_BEFORE = (
    "This was created before the connection was lost, with the values that the form had then. "
    "Close the form to see it, or press the button again to create another one."
)
# Fields that pass through and are never kept in a state: with several replicas a state lies in Redis.
SECRETS = ("password", "current_password", "repeated", "webhook_url")


class Clash(TypedDict):
    """A field that both changed: what the form has and what is saved now."""

    field: str
    label: str
    mine: str
    theirs: str


class FormState(rx.State, mixin=True):
    """Mixin for a state with a form dialog. List it before the state's base class."""

    form_mode: str = ""  # "" while closed, else what the caller named: "create", "edit"
    form_url: str = ""  # the page that it was opened on; at another one it is not shown and saves nothing
    form_name: str = ""  # the record that it edits, or adds to, for the title
    form_values: dict[str, str] = {}
    form_errors: dict[str, str] = {}
    form_error: str = ""
    form_busy: bool = False
    form_nonce: str = ""
    form_round: int = 0
    form_id: int = 0
    form_version: int = 0
    form_clashes: list[Clash] = []
    form_clash_by: str = ""
    form_key: str = ""  # the idempotency key of a create, and what the browser's draft is known by
    form_ended: str = ""  # SAVED or CLOSED, and the key of the form: the browser drops or keeps its draft

    _record_fields: ClassVar[tuple[str, ...]] = ()  # as in `ui.record`
    _form_base: dict[str, str] = {}  # the row as it was when the form was opened, or last merged
    _form_mine: dict[str, str] = {}  # what was last sent

    _draft_name: ClassVar[str] = ""  # shared by states with the same form; else the name of the class
    _openers: ClassVar[dict[str, str]] = {"create": "open_create", "edit": "open_edit"}  # mode to handler

    @rx.var
    def form_draft(self) -> str:
        """What the browser needs to keep a draft of the open form, as JSON."""
        if not self.form_mode:
            return ""
        base = {name: value for name, value in self._form_base.items() if name not in SECRETS}
        return draft_of(draft_name(type(self)), self.form_mode, self.form_id, self.form_key, base, self.form_version)

    def _open_form(
        self, mode: str, values: dict[str, str], *, row_id: int = 0, version: int = 0, name: str = ""
    ) -> None:
        """Show the dialog with these values; `row_id`, `version` and `name` say what is being edited."""
        self._clear_form()
        self.form_url, self.form_name = self._form_url_now(), name
        self.form_mode, self.form_values, self._form_base = mode, values, dict(values)
        self.form_id, self.form_version = row_id, version
        self.form_nonce = self.form_key = uuid4().hex

    def _form_url_now(self) -> str:
        return record_url(self.router_data, *self._record_fields)

    def _close_form(self) -> None:
        """After a save: the browser drops its draft."""
        self.form_ended = f"{SAVED} {self.form_key}"
        self._hide_form()

    def _hide_form(self) -> None:
        """When the page shows something else. The browser's draft stays as it is."""
        self._clear_form()
        self.form_mode = self.form_key = ""

    def _clear_form(self) -> None:
        self.form_errors, self.form_error, self.form_busy = {}, "", False
        self.form_clashes, self.form_clash_by, self._form_mine = [], "", {}
        # A new one here is what makes a late second click of the same form do nothing.
        self.form_nonce = ""

    def _begin_save(self, form: dict[str, str]) -> dict[str, str] | None:
        """The values to save, merged when there was a clash; None when this form is closed or was saved already.

        Raises MovedOn when the tab has left the page that the form was opened on.
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
            # An unticked box is missing from a form; every other field is there.
            kept = [name for name in self._form_base if name not in SECRETS]
            self._form_mine = {name: form.get(name, "") for name in kept}
        return {name: self._form_mine.get(name, form.get(name, "")) for name in self._form_base}

    @contextmanager
    def _showing_errors(self) -> Iterator[None]:
        """Put a refusal into the form: at its field where it names one, else above the fields."""
        try:
            yield
        except ValidationError as error:
            self._show_faults(faults_of(error), "")
        except AppError as error:
            self._show_faults(error.field_details, self._is_created_before(error) or error.detail)
        finally:
            self.form_busy = False

    def _is_created_before(self, error: AppError) -> str:
        """A create whose answer was lost, sent again with other values: what to do about it, and a new key for that."""
        if error.code != "idempotency_key_reused":
            return ""
        self.form_ended, self.form_key = f"{SAVED} {self.form_key}", uuid4().hex
        return CREATED_BEFORE

    def _show_faults(self, faults: dict[str, str], detail: str) -> None:
        self.form_errors = {name: text for name, text in faults.items() if name in self._form_base}
        others = [text for name, text in faults.items() if name not in self._form_base]
        if others or not self.form_errors:
            self.form_error = " ".join(others) or detail
        if self.form_clashes:
            self._show_fields(self._form_mine)

    def _show_fields(self, values: dict[str, str]) -> None:
        """Draw the fields anew with these values: a new nonce is a new form to the browser."""
        self.form_clashes, self.form_nonce = [], uuid4().hex
        self.form_values = {name: values.get(name, "") for name in self._form_base}

    def _ask_to_merge(self, saved: dict[str, str], *, version: int, who: str, labels: dict[str, str]) -> None:
        """Somebody saved first. Fields that only they changed are taken over; those that both changed are asked for.

        `saved` is the row as it is now, in the shape of the form's values.
        """
        base, mine = self._form_base, self._form_mine
        changed = {name for name in mine if mine[name] != base[name]}
        clashes = [name for name in mine if name in changed and saved[name] not in (base[name], mine[name])]
        self._form_mine = {name: mine[name] if name in changed else saved[name] for name in mine}
        self._form_base = {**base, **saved}
        self.form_version, self.form_clash_by, self.form_busy = version, who, False
        if clashes:
            self.form_clashes = [
                Clash(field=name, label=labels.get(name, name), mine=mine[name], theirs=saved[name]) for name in clashes
            ]
        else:
            self._show_fields(self._form_mine)
            self.form_error = f"{who} changed other fields in the meantime. The form now has both changes: save again."

    @handler("signed_in")
    async def close_form(self, is_open: bool = False) -> None:
        """For Cancel, Esc and a click outside. A form that is being saved stays."""
        if not is_open and not self.form_busy:
            self.form_ended = f"{CLOSED} {self.form_key}"
            self._hide_form()

    @handler("signed_in")
    async def resume_form(self, draft: dict[str, str]) -> Any:
        """A draft that the browser kept: into its open form, or, while that is closed, the event that opens it."""
        mode, row_id = draft.get("mode", ""), number_in(draft.get("id", ""))
        if not self.form_mode or self.form_url != self._form_url_now():
            return self._opener(mode, row_id)
        if (mode, row_id) == (self.form_mode, self.form_id) and not self.form_busy and not self.form_clashes:
            self._put_back(draft)
        return None

    @handler("signed_in")
    async def discard_draft(self) -> Any:
        """The form as it is saved now. The browser has dropped the draft."""
        return self._opener(self.form_mode, self.form_id)

    def _opener(self, mode: str, row_id: int) -> Any:
        """The event that opens a form; it passes Gate like any other."""
        opener = getattr(type(self), self._openers.get(mode, ""), None)
        if opener is None:
            return None
        return opener(*self._opener_scope(), *([row_id] if row_id else []))

    def _opener_scope(self) -> list[int]:
        """The ids that its openers take before that of the row."""
        return []

    def _put_back(self, draft: dict[str, str]) -> None:
        """The browser shows the values already, so nothing is drawn anew.

        The version and the base are those of the typing: a change that somebody saved since is found at the save.
        """
        names = [name for name in self._form_base if name not in SECRETS]
        values = {name: draft[f"value.{name}"] for name in names if f"value.{name}" in draft}
        base = {name: draft[f"base.{name}"] for name in names if f"base.{name}" in draft}
        self.form_values = {**self.form_values, **values}
        self._form_base = {**self._form_base, **base}
        self.form_version = number_in(draft.get("version", "")) or self.form_version
        if DRAFT_KEY.fullmatch(draft.get("key", "")):
            self.form_key, self.form_ended = draft["key"], ""


def draft_name(state: type[Any]) -> str:
    """What the drafts of a FormState's form are called."""
    return str(state._draft_name or state.__name__)


def draft_of(form: str, mode: str, row_id: int, key: str, base: dict[str, str], version: int = 0) -> str:
    """For the attribute `data-draft` of a form, which assets/console.js reads."""
    return json.dumps({"form": form, "mode": mode, "id": row_id, "version": version, "key": key, "base": base})


def faults_of(error: ValidationError) -> dict[str, str]:
    """Field to message, in words for a person."""
    return {str(fault["loc"][0]) if fault["loc"] else "": in_words(fault) for fault in reversed(error.errors())}

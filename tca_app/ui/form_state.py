"""The state behind a form in a dialog: errors at the field, one effect per click, a merge when somebody saved first.

How it is used stands in `tca_app.ui.forms`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, TypedDict
from uuid import uuid4

import reflex as rx
from pydantic import ValidationError

from tca_app.core.errors import AppError
from tca_app.core.schema import in_words
from tca_app.ui.address import record_url
from tca_app.ui.handlers import handler
from tca_app.ui.record import MovedOn

THEIRS, MINE = "theirs", "mine"
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

    _record_fields: ClassVar[tuple[str, ...]] = ()  # as in `ui.record`
    _form_base: dict[str, str] = {}  # the row as it was when the form was opened, or last merged
    _form_mine: dict[str, str] = {}  # what was last sent

    def _open_form(
        self, mode: str, values: dict[str, str], *, row_id: int = 0, version: int = 0, name: str = ""
    ) -> None:
        """Show the dialog with these values; `row_id`, `version` and `name` say what is being edited."""
        self._clear_form()
        self.form_url, self.form_name = self._form_url_now(), name
        self.form_mode, self.form_values, self._form_base = mode, values, dict(values)
        self.form_id, self.form_version = row_id, version
        self.form_nonce = uuid4().hex

    def _form_url_now(self) -> str:
        return record_url(self.router_data, *self._record_fields)

    def _close_form(self) -> None:
        self._clear_form()
        self.form_mode = ""

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
            self._close_form()
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
            self._show_faults(error.field_details, error.detail)
        finally:
            self.form_busy = False

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
            self.form_error = f"{who} changed other fields meanwhile. The form has both changes now: save again."

    @handler("signed_in")
    async def close_form(self, is_open: bool = False) -> None:
        """For Cancel, Esc and a click outside. A form that is being saved stays."""
        if not is_open and not self.form_busy:
            self._close_form()


def faults_of(error: ValidationError) -> dict[str, str]:
    """Field to message, in words for a person."""
    return {str(fault["loc"][0]) if fault["loc"] else "": in_words(fault) for fault in reversed(error.errors())}

"""Pages of one record: they show and change only the record of the tab's URL, and until it is loaded a skeleton.

The browser changes the URL immediately, while a state keeps the previous record until the server has responded.
Therefore each state stores the URL that it was loaded for, and the browser shows it only at that URL.
"""

import json
from typing import Any, ClassVar

import reflex as rx
from reflex_base.utils.imports import ImportVar
from reflex_base.vars import VarData

from tca_app.core.errors import Conflict
from tca_app.core.language.messages import N_
from tca_app.ui.url import page_url, record_url


class MovedOn(Conflict):
    """The page that sent an event showed another record than the one that the tab shows now."""

    default = N_("You have moved to another page. Nothing was changed.")


class RecordState(rx.State, mixin=True):
    """Mixin for a state of the record that the URL names. List it before the state's base class.

    `load` calls `_enter_record` first, the page renders it with `at_its_url`, and a handler that changes the record
    calls `_require_record` with the id from the page.
    """

    record_url: str = ""

    _loaded_url: str = ""

    _record_fields: ClassVar[tuple[str, ...]] = ()  # query parameters that identify the record, beside the path

    def _enter_record(self) -> bool:
        """Stores the URL that is loaded. Returns whether it names another record than before."""
        url = self._url_now()
        is_other = url != self.record_url
        if is_other:
            self.record_url = url
        return is_other

    def _enter_url(self) -> bool:
        """Calls `_enter_record`. Returns whether only filters or the order of the same record changed in the URL.

        What is open on the page then stays. A reload changes none.
        """
        is_other, url = self._enter_record(), page_url(self.router_data)
        is_same_url = url == self._loaded_url
        self._loaded_url = url
        return not is_other and not is_same_url

    def _require_record(self, given: int, loaded: int) -> None:
        """Raises MovedOn unless the page that sent this event showed the loaded record at its URL."""
        if given != loaded:
            raise MovedOn
        self._require_url()

    def _require_url(self) -> None:
        """Raises MovedOn unless this state was loaded for the URL of the tab."""
        if self.record_url != self._url_now():
            raise MovedOn

    def _url_now(self) -> str:
        return record_url(self.router_data, *self._record_fields)


def browser_url(*fields: str) -> rx.Var[str]:
    """Returns `record_url` of the browser's current URL, which changes without a response from the server."""
    name = "_".join(("browserUrl", *fields))
    expression = (
        "((at, fields) => { const query = new URLSearchParams(at.search);"
        ' const given = fields.map((field) => query.getAll(field).filter(Boolean).at(-1) ?? "");'
        ' return [at.pathname.replace(/[/]+$/, ""), ...given].join(" "); })'
    )
    hook = f"const {name} = {expression}(useLocation(), {json.dumps(fields)})"
    imports = {"react-router": [ImportVar(tag="useLocation")]}
    return rx.Var(name, _var_type=str, _var_data=VarData(imports=imports, hooks={hook: None})).to(str)


def is_at_its_url(state: type[RecordState]) -> rx.Var[bool]:
    """Returns whether a RecordState was loaded for the browser's current URL."""
    return rx.Var.create(state.record_url) == browser_url(*state._record_fields)


def at_its_url(state: type[RecordState], shown: Any, otherwise: Any = None) -> rx.Component:
    """Shows `shown` while the RecordState belongs to the URL, else the placeholder."""
    return rx.cond(is_at_its_url(state), shown, otherwise)

"""Pages about one record: what they show and act on belongs to the address of the tab, or it is a skeleton.

The browser is at the next address at once, while a state holds the record before until the server has answered.
So each state notes the address that it was read for, and the browser draws it only at that address.
"""

import json
from typing import Any, ClassVar

import reflex as rx
from reflex_base.utils.imports import ImportVar
from reflex_base.vars import VarData

from tca_app.core.errors import Conflict
from tca_app.ui.url import record_url


class MovedOn(Conflict):
    """The page that sent an event showed another record than the tab is at, or holds, by now."""

    default = "You have moved to another page. Nothing was changed."


class RecordState(rx.State, mixin=True):
    """Mixin for a state about the record that the URL names. List it before the state's base class.

    `load` calls `_enter_record` first; the page draws it with `at_its_url`; a handler that acts on the record calls
    `_require_record` with the id that the page had.
    """

    record_url: str = ""

    _record_fields: ClassVar[tuple[str, ...]] = ()  # fields of the query that name the record, beside the path

    def _enter_record(self) -> bool:
        """Note the address that is read for; True when it names another record than before."""
        url = self._url_now()
        is_other = url != self.record_url
        if is_other:
            self.record_url = url
        return is_other

    def _require_record(self, given: int, loaded: int) -> None:
        """Raise MovedOn unless the page that sent this event showed the loaded record, at its address."""
        if given != loaded or self.record_url != self._url_now():
            raise MovedOn

    def _url_now(self) -> str:
        return record_url(self.router_data, *self._record_fields)


def browser_url(*fields: str) -> rx.Var[str]:
    """What `record_url` is of the address that the browser shows: it changes there without an answer of the server."""
    name = "_".join(("browserUrl", *fields))
    expression = (
        "((at, fields) => { const query = new URLSearchParams(at.search);"
        ' const given = fields.map((field) => query.getAll(field).filter(Boolean).at(-1) ?? "");'
        ' return [at.pathname.replace(/[/]+$/, ""), ...given].join(" "); })'
    )
    hook = f"const {name} = {expression}(useLocation(), {json.dumps(fields)})"
    imports = {"react-router": [ImportVar(tag="useLocation")]}
    return rx.Var(name, _var_type=str, _var_data=VarData(imports=imports, hooks={hook: None})).to(str)


def is_at_its_url(state: Any) -> rx.Var[bool]:
    """Whether a RecordState was read for the address that the browser shows."""
    return state.record_url == browser_url(*state._record_fields)


def at_its_url(state: Any, shown: Any, otherwise: Any = None) -> rx.Component:
    """`shown` while the RecordState belongs to the address, else what stands in for it."""
    return rx.cond(is_at_its_url(state), shown, otherwise)

"""State of the form with the settings of a check, which merges when someone else saved first."""

from collections.abc import AsyncGenerator
from typing import Any

from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Forbidden, Stale
from tca_app.core.instance import instance_settings
from tca_app.core.language.messages import N_, _
from tca_app.core.language.stored import name_text
from tca_app.features.health import settings
from tca_app.features.health.history import service
from tca_app.features.health.schemas import CheckRead, CheckUpdate
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState

LABELS = {
    "expected_status": N_("Expected status"),
    "timeout_s": N_("Timeout"),
    "interval_s": N_("Interval"),
    "failures_to_open": N_("Failures to open an incident"),
    "passes_to_close": N_("Passes to resolve"),
    "weight": N_("Weight"),
    "severity": N_("Severity of incidents"),
    "is_paused": N_("Paused"),
    "is_public": N_("On the public page"),
}
TICKS = ("is_paused", "is_public")
ONLY_ADDRESSES = ("expected_status", "timeout_s")  # a component of the console has no URL and no HTTP status
OWN_LIMITS = ("failures_to_open", "passes_to_close")


class CheckState(FormState, SessionState):
    """State of the form, on pages that load again when it is saved. `url` is "" without one that users may see."""

    name: str = ""
    url: str = ""
    usual_failures: str = ""
    usual_passes: str = ""
    has_public_page: bool = False

    @handler("signed_in")
    async def open_edit(self, check_id: int) -> None:
        check = await self._read(check_id)
        if not check.may_manage:
            raise Forbidden
        usual = get_settings()
        self.name, self.url, self.has_public_page = (
            name_text(check.name),
            check.url,
            instance_settings().status_public,
        )
        self.usual_failures, self.usual_passes = str(usual.health_failures_to_open), str(usual.health_passes_to_close)
        self._open_form("edit", _form_values(check), row_id=check.id, version=check.version)

    async def _read(self, check_id: int) -> CheckRead:
        async with reading() as session:
            return await service.get_check(session, self._as_actor(), check_id)

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            try:
                saved = await self._update(CheckUpdate(**_given(values)))
            except Stale as stale:
                check = await self._read(self.form_id)
                self._ask_to_merge(_form_values(check), stale, version=check.version, labels=LABELS)
                return
            self._close_form()
            self._toast(_("Check settings of {name} saved", name=name_text(saved.name)))

    async def _update(self, data: CheckUpdate) -> CheckRead:
        async with transaction() as session:
            return await settings.update_check(session, self._as_actor(), self.form_id, data, self.form_version)


def _form_values(check: CheckRead) -> dict[str, str]:
    """Returns the fields of the form. No limit of its own, and no expected status, is an empty field."""
    shown = [name for name in LABELS if check.kind == "environment" or name not in ONLY_ADDRESSES]
    return {name: _shown(name, getattr(check, name)) for name in shown}


def _shown(name: str, value: Any) -> str:
    if name in TICKS:
        return "on" if value else ""
    return "" if value is None or (name in OWN_LIMITS and value == 0) else str(value)


def _given(values: dict[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, value in values.items():
        if name in TICKS:
            given[name] = value == "on"
        elif value == "" and name in OWN_LIMITS:
            given[name] = 0
        elif value == "" and name == "expected_status":
            given["any_status"] = True
        elif name == "severity":
            given[name] = value
        else:
            given[name] = _number(value.strip())
    return given


def _number(value: str) -> int | str:
    """Returns a number, or the text unchanged: the schema refuses it with a readable message."""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else value

"""State of the form for your own time zone, and the format of dates and numbers."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

from tca_app.core.database.session import reading, transaction
from tca_app.core.language.messages import N_, _
from tca_app.core.region.locales import LOCALES, Locale
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserRead, UserUpdate
from tca_app.ui.components.text import t
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState

FIELDS = ("time_zone", "locale")
LABELS = {"time_zone": N_("Time zone"), "locale": N_("Dates and numbers")}
# What `locales` calls them in English.
_NAMES = (
    N_("Chinese"),
    N_("Czech"),
    N_("Danish"),
    N_("Dutch"),
    N_("English (Australia)"),
    N_("English (Ireland)"),
    N_("English (New Zealand)"),
    N_("English (South Africa)"),
    N_("English (United Kingdom)"),
    N_("English (United States)"),
    N_("French (France)"),
    N_("French (Switzerland)"),
    N_("German (Germany)"),
    N_("German (Switzerland)"),
    N_("Italian"),
    N_("Japanese"),
    N_("Norwegian"),
    N_("Polish"),
    N_("Portuguese (Brazil)"),
    N_("Romanian"),
    N_("Spanish"),
    N_("Swedish"),
    N_("Turkish"),
    N_("Ukrainian"),
)
_SAMPLE = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)


def _sample(locale: Locale) -> str:
    number = f"1{locale.thousands}234{locale.decimal}5"
    sample = f"{_SAMPLE:{locale.day}}{locale.comma}{locale.time(_SAMPLE)}, {number}"
    return t("{language}: {sample}", language=t(locale.label), sample=sample)


LOCALE_OPTIONS = (
    ("", N_("As in your browser")),
    *((tag, _sample(locale)) for tag, locale in sorted(LOCALES.items(), key=lambda entry: entry[1].label)),
)


class RegionState(FormState, SessionState):
    """State of the form. An empty field means as the browser says."""

    @handler("signed_in")
    async def load(self) -> None:
        actor = self._as_actor()
        async with reading() as session:
            self._open(await users.get_user(session, actor, actor.user_id))

    def _open(self, user: UserRead) -> None:
        self._open_form("edit", {name: getattr(user, name) or "" for name in FIELDS}, row_id=user.id)

    def _opener(self, mode: str, row_id: int) -> Any:
        return RegionState.load

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            saved = await self._update(values)
            self._close_form()
            self._open(saved)
            self.time_zone, self.locale = saved.time_zone or "", saved.locale or ""  # the times of this page follow
            self._toast(_("Time zone and format saved"))

    async def _update(self, values: dict[str, str]) -> UserRead:
        actor = self._as_actor()
        data = UserUpdate.model_validate({name: values[name].strip() or None for name in FIELDS})
        async with transaction() as session:
            return await users.update_user(session, actor, actor.user_id, data)

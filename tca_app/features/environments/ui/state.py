"""State of the environments in a project's settings."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, ClassVar, TypedDict

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading, transaction
from tca_app.core.errors import NotFound, Stale
from tca_app.core.language.messages import N_, _
from tca_app.features.environments import service as environments
from tca_app.features.environments.schemas import (
    EnvironmentCreate,
    EnvironmentQuery,
    EnvironmentRead,
    EnvironmentUpdate,
)
from tca_app.features.environments.tiers import TIER_LABELS
from tca_app.features.idempotency import service as idempotency
from tca_app.ui import routes
from tca_app.ui.components.loading import LoadState
from tca_app.ui.forms.removal import RemovalState
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.table.order import Order, OrderState
from tca_app.ui.url import query_param, record_id

LABELS = {
    "name": "Name",
    "url": "URL",
    "rank": N_("Order"),
    "tier": N_("Tier"),
    "is_protected": N_("Protected"),
    "allow_parallel": N_("Concurrent"),
}
TICKS = ("is_protected", "allow_parallel")


class EnvironmentRow(TypedDict):
    """An environment in the list. `tier` is the label of the tier."""

    id: int
    name: str
    url: str
    rank: int
    tier: str
    is_protected: bool
    allow_parallel: bool


class EnvironmentsState(LoadState, RemovalState, FormState, OrderState, RecordState, SessionState):
    environments: list[EnvironmentRow] = []
    is_loaded: bool = False

    project_id: int = 0

    _order: ClassVar = Order.of("sort_environments", EnvironmentQuery)

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        """Loads the environments, only while the settings are open."""
        project_id = record_id(self.router_data, routes.PROJECTS)
        if self._enter_record():
            self.project_id, self.environments, self.removed_id, self.is_loaded = project_id, [], 0, False
            self._hide_left_form()
        if query_param(self.router_data, "tab") != "settings":
            return
        self._watch(EnvironmentsState.load, f"project:{project_id}")
        query = EnvironmentQuery.model_validate({"sort": self._sorted()})
        with self._loading(), suppress(NotFound):  # the page reports a missing project itself
            async with reading() as session:
                found = await environments.list_environments(session, self._as_actor(), project_id, query)
            self.environments, self.is_loaded = [_row(environment) for environment in found], True

    def _opener_scope(self) -> list[int]:
        return [record_id(self.router_data, routes.PROJECTS)]

    @handler("signed_in")
    async def open_create(self, project_id: int) -> None:
        self._require_record(project_id, self.project_id)
        self._open_form("create", {"name": "", "url": "", "rank": "50", "tier": "", **dict.fromkeys(TICKS, "")})

    @handler("signed_in")
    async def open_edit(self, project_id: int, environment_id: int) -> None:
        self._require_record(project_id, self.project_id)
        environment = await self._read(environment_id)
        self._open_form(
            "edit", _form_values(environment), row_id=environment.id, version=environment.version, name=environment.name
        )

    async def _read(self, environment_id: int) -> EnvironmentRead:
        async with reading() as session:
            found = await environments.list_environments(session, self._as_actor(), self.project_id)
        for environment in found:
            if environment.id == environment_id:
                return environment
        raise NotFound

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            given: dict[str, Any] = values | {name: values[name] == "on" for name in TICKS}
            given["rank"] = (
                int(values["rank"]) if values["rank"].isascii() and values["rank"].isdigit() else values["rank"]
            )
            if self.form_mode == "create":
                given["tier"] = values["tier"] or None
                saved = await self._create(EnvironmentCreate(**given))
            else:
                try:
                    saved = await self._update(EnvironmentUpdate(**given))
                except Stale as stale:
                    environment = await self._read(self.form_id)
                    self._ask_to_merge(_form_values(environment), stale, version=environment.version, labels=LABELS)
                    return
            self._close_form()
            self._toast(_("Environment {name} saved", name=saved.name))
            yield EnvironmentsState.load

    async def _create(self, data: EnvironmentCreate) -> EnvironmentRead:
        actor, project_id = self._as_actor(), self.project_id
        async with transaction() as session:
            return await idempotency.once(
                session,
                actor,
                self.form_key,
                f"ui create environment {project_id} {data.model_dump_json()}",
                EnvironmentRead,
                lambda: environments.create_environment(session, actor, project_id, data),
                lambda _: environments.list_environments(session, actor, project_id),
            )

    async def _update(self, data: EnvironmentUpdate) -> EnvironmentRead:
        async with transaction() as session:
            return await environments.update_environment(
                session, self._as_actor(), self.project_id, self.form_id, data, if_version=self.form_version
            )

    @handler("signed_in")
    async def ask_delete(self, project_id: int, environment_id: int) -> None:
        self._require_record(project_id, self.project_id)
        environment = await self._read(environment_id)
        self._ask_to_remove(environment.id, environment.name)

    @handler("signed_in")
    async def delete(self, _form: dict[str, str]) -> AsyncGenerator[Any, None]:
        self._require_url()

        async def act(session: Session, actor: Actor, environment_id: int) -> None:
            await environments.delete_environment(session, actor, self.project_id, environment_id)

        done = _("Environment {delete_name} deleted", delete_name=self.removed_name)
        async for update in self._remove_row(act, done, EnvironmentsState.load):
            yield update


def _row(environment: EnvironmentRead) -> EnvironmentRow:
    return EnvironmentRow(
        id=environment.id,
        name=environment.name,
        url=environment.url,
        rank=environment.rank,
        tier=_(TIER_LABELS[environment.tier]),
        is_protected=environment.is_protected,
        allow_parallel=environment.allow_parallel,
    )


def _form_values(environment: EnvironmentRead) -> dict[str, str]:
    ticks = {name: "on" if getattr(environment, name) else "" for name in TICKS}
    return {
        "name": environment.name,
        "url": environment.url,
        "rank": str(environment.rank),
        "tier": environment.tier,
        **ticks,
    }

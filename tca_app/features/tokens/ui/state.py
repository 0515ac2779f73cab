"""State of the API tokens of a person or of a project, depending on the URL."""

from collections.abc import AsyncGenerator
from typing import Any, ClassVar, TypedDict

import reflex as rx

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading, transaction
from tca_app.core.errors import AppError, Forbidden, NotFound
from tca_app.core.facets import Facets
from tca_app.core.language.messages import N_, _, nN_
from tca_app.core.lists.bulk import BulkResult
from tca_app.features.idempotency import service as idempotency
from tca_app.features.tokens import service as tokens
from tca_app.features.tokens.filters import OWN_TOKENS
from tca_app.features.tokens.schemas import (
    DEFAULT_DAYS,
    MAX_OVERLAP_HOURS,
    OwnTokenQuery,
    ProjectTokenCreate,
    TokenCreate,
    TokenRead,
    TokenRotate,
    TokenWithSecret,
)
from tca_app.ui import routes
from tca_app.ui.components.roles import role_label
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.table.bulk import BulkAction, BulkActions, BulkSpec
from tca_app.ui.table.state import TableQuery
from tca_app.ui.url import number_in, page_path, printable, query_param, record_id

SHOWN_ONCE = "shown-once-token"  # the field that shows a new token
NEVER = "never"
ACTS = ("rotate", "revoke")


class TokenRow(TypedDict):
    """A token in the list. Times are ISO 8601, or ""; `can_act`: it can be rotated."""

    id: int
    name: str
    prefix: str
    grants: str
    networks: str
    state: str
    is_replaced: bool
    can_act: bool
    created_by: str
    created_at: str
    expires_at: str
    last_used_at: str


SCOPES = {"read": N_("Read"), "deploy": N_("Deploy"), "write": N_("Write"), "admin": N_("Admin")}


def token_row(token: TokenRead) -> TokenRow:
    granted = [*filter(None, [role_label(token.role)]), *(_(SCOPES[scope]) for scope in token.scopes)]
    return TokenRow(
        id=token.id,
        name=token.name,
        prefix=f"{token.prefix}…",
        grants=", ".join(granted),
        networks=", ".join(token.allowed_networks),
        state=token.state,
        is_replaced=token.is_replaced,
        can_act=token.state == "active" and not token.is_replaced and token.ci_trust_id is None,
        created_by=token.created_by,
        created_at=token.created_at.isoformat(),
        expires_at=token.expires_at.isoformat() if token.expires_at else "",
        last_used_at=token.last_used_at.isoformat() if token.last_used_at else "",
    )


REVOKE = BulkAction(
    "revoke",
    N_("Revoke"),
    N_("revoked"),
    N_("Anything that uses them stops working immediately. This cannot be undone."),
    danger=True,
    settled=lambda row: row.get("state", "active") != "active",
    already=nN_("{count} is no longer active.", "{count} are no longer active."),
)


class TokensState(FormState, BulkActions, RecordState, SessionState):
    """State of the list, and the actions on a token. The text of a token is never stored in a state."""

    rows: list[TokenRow] = []
    is_shown: bool = False  # once it is known that the viewer may see the list
    project_id: int = 0  # 0 for one's own tokens
    export_url: str = ""
    shown_of: str = ""  # the name of the token that is shown
    asking: str = ""
    asked_id: int = 0
    asked_name: str = ""
    act_error: str = ""
    is_acting: bool = False

    _record_fields: ClassVar = ("tab",)
    _spec: ClassVar = OWN_TOKENS
    _bulk: ClassVar = BulkSpec("signed_in", "token", (REVOKE,), name_key="name")

    @handler("signed_in", supersedes=True)
    async def load(self) -> Events:
        """Loads what the URL names. A token that is shown disappears with the page, but a filter changes no page."""
        before, is_filter = self.record_url, self._enter_url() and self._is_here()
        if self.record_url != before:
            self._hide_left_form()
            self.asking = ""
        if not is_filter:
            self.rows, self.is_loaded, self.is_shown, self.shown_of = [], False, False, ""
            self._forget_bulk()
        self.project_id = record_id(self.router_data, routes.PROJECTS)
        place = f"/projects/{self.project_id}" if self.project_id else ""
        self.export_url = f"/api/v1{place}/tokens/export.csv"
        if not self._is_here():
            return None
        self._watch(TokensState.refresh, f"project:{self.project_id}" if self.project_id else f"user:{self.user_id}")
        return await self._read()

    @handler("signed_in", supersedes=True)
    async def refresh(self) -> Events:
        """Reloads the list. A dialog and the token that is shown stay open."""
        return await self._read() if self._is_here() else None

    def _is_here(self) -> bool:
        tab = query_param(self.router_data, "tab")
        return (
            tab == "settings"
            if record_id(self.router_data, routes.PROJECTS)
            else (page_path(self.router_data), tab) == (routes.SETTINGS, "tokens")
        )

    async def _read(self) -> Events:
        try:
            if self.project_id:
                async with reading() as session:
                    await tokens.require_project(session, self._as_actor(), self.project_id)
        except (Forbidden, NotFound):
            self.rows, self.is_shown = [], False  # the page reports a missing project itself
            return None
        self.is_shown = True
        return await self._load()

    def _asked(self, query: TableQuery) -> OwnTokenQuery:
        asked = {"search": printable(query.search), "state": query.chosen["state"], "sort": query.sort}
        return OwnTokenQuery.model_validate(asked | self._span(query))

    async def _list(self, session: Session, query: OwnTokenQuery) -> list[TokenRead]:
        if self.project_id:
            return await tokens.list_project_tokens(session, self._as_actor(), self.project_id, query)
        return await tokens.list_tokens(session, self._as_actor(), query)

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[TokenRow], int, bool]:
        asked = self._asked(query)
        found = await self._list(session, asked)
        self._offer_export(asked)
        return [token_row(token) for token in found[query.skip : query.skip + query.limit]], len(found), False

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        return tokens.count_states(await self._list(session, self._asked(query).model_copy(update={"state": []})))

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> list[BulkResult]:
        self._require_record(self.project_id, record_id(self.router_data, routes.PROJECTS))
        if self.project_id:
            return await tokens.revoke_project_tokens(session, actor, self.project_id, ids)
        return await tokens.revoke_tokens(session, actor, ids)

    def _reload(self) -> Events:
        return TokensState.refresh

    @handler("signed_in")
    async def open_create(self) -> None:
        values = {"name": "", "scopes": "read", "expires_in_days": str(DEFAULT_DAYS), "allowed_networks": ""}
        if self.project_id:
            values |= {"role": "deployer", "scopes": "deploy"}
        self._open_form("create", values)

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            made = await self._create(_given(values))
            self._close_form()
            yield TokensState.refresh
            yield self._show_token(made)

    async def _create(self, given: dict[str, Any]) -> TokenWithSecret:
        actor, project_id = self._as_actor(), self.project_id
        data = ProjectTokenCreate(**given) if project_id else TokenCreate(**given)
        asked = f"tokens.create {project_id}\n{data.model_dump_json()}"
        async with transaction() as session:

            async def create() -> TokenWithSecret:
                if isinstance(data, ProjectTokenCreate):
                    return await tokens.create_project_token(session, actor, project_id, data)
                return await tokens.create_token(session, actor, data)

            async def check_access(_earlier: TokenWithSecret) -> None:
                if project_id:
                    await tokens.list_project_tokens(session, actor, project_id)

            return await idempotency.once(session, actor, self.form_key, asked, TokenWithSecret, create, check_access)

    def _show_token(self, made: TokenWithSecret) -> Events:
        """Writes the token directly into the page's field: with several replicas, states are stored in Redis."""
        if made.token is None:  # the form was sent twice: the first response showed it
            return None
        self.shown_of = made.name
        return rx.set_value(SHOWN_ONCE, made.token)

    @handler("signed_in")
    async def hide_token(self) -> Events:
        self.shown_of = ""
        return rx.set_value(SHOWN_ONCE, "")

    @handler("signed_in")
    async def ask(self, action: str, token_id: int) -> None:
        """Opens the confirmation of an action."""
        found = next((row for row in self.rows if row["id"] == token_id), None)
        if action in ACTS and found is not None:
            self.asking, self.asked_id, self.asked_name, self.act_error = action, token_id, found["name"], ""
            self._note_dialog("asking")

    @handler("signed_in")
    async def cancel(self) -> None:
        if not self.is_acting:
            self.asking = ""

    @handler("signed_in")
    async def rotate(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        if self.asking != "rotate" or self.is_acting:
            return
        self._require_url()
        self.is_acting, self.act_error = True, ""
        yield
        actor, data = self._as_actor(), _rotation(form)
        try:
            async with transaction() as session:
                if self.project_id:
                    made = await tokens.rotate_project_token(session, actor, self.project_id, self.asked_id, data)
                else:
                    made = await tokens.rotate_token(session, actor, self.asked_id, data)
        except AppError as error:
            self.act_error = error.detail
            return
        finally:
            self.is_acting = False
        self.asking = ""
        yield TokensState.refresh
        yield self._show_token(made)

    @handler("signed_in")
    async def revoke(self, _form: dict[str, str]) -> AsyncGenerator[Any, None]:
        if self.asking != "revoke" or self.is_acting:
            return
        self._require_url()
        self.is_acting, self.act_error = True, ""
        yield
        actor = self._as_actor()
        try:
            async with transaction() as session:
                if self.project_id:
                    await tokens.revoke_project_token(session, actor, self.project_id, self.asked_id)
                else:
                    await tokens.revoke_token(session, actor, self.asked_id)
        except AppError as error:
            self.act_error = error.detail
            return
        finally:
            self.is_acting = False
        self.asking = ""
        self._toast(_("{asked_name} revoked", asked_name=self.asked_name))
        yield TokensState.refresh


def _given(values: dict[str, str]) -> dict[str, Any]:
    """Returns the fields of the form as those of the schema."""
    days = values["expires_in_days"]
    given: dict[str, Any] = {
        "name": values["name"],
        "scopes": [values["scopes"]],
        "allowed_networks": values["allowed_networks"].replace(",", " ").split(),
        "expires_in_days": None if days == NEVER else number_in(days),
    }
    return given | ({"role": values["role"]} if "role" in values else {})


def _rotation(form: dict[str, str]) -> TokenRotate:
    hours = form.get("overlap_hours", "")
    return TokenRotate(overlap_hours=min(number_in(hours), MAX_OVERLAP_HOURS) if hours else MAX_OVERLAP_HOURS)

"""State of the GitHub webhook in a project's settings: the URL, the repository and a new secret."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import reflex as rx

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError, Forbidden, NotFound
from tca_app.core.language.messages import _
from tca_app.features.deployments.github import secret as hook
from tca_app.features.deployments.github.schemas import HookRead, RepositoryChoice
from tca_app.ui import routes
from tca_app.ui.components.loading import LoadState
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import query_param, record_id

ACTIONS = ("rotate", "remove", "accept")
SHOWN_ONCE = "github-secret"  # the field that shows a new secret


class HookState(LoadState, RecordState, SessionState):
    address: str = ""
    rotated_at: str = ""
    repository: str = ""
    refused: str = ""  # the repository of the last refused delivery
    refused_at: str = ""
    is_fresh: bool = False  # a new secret is shown; the secret itself is never stored in a state
    asking: str = ""
    asking_error: str = ""
    is_acting: bool = False
    project_id: int = 0

    _refused_id: int = 0

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        """Loads the webhook, only while the settings are open and only for users who may see it."""
        if self._enter_record():
            self.asking = ""
        self.address, self.is_fresh, self.failure = "", False, ""
        self.project_id = record_id(self.router_data, routes.PROJECTS)
        if query_param(self.router_data, "tab") != "settings":
            return
        # Without permission the panel is hidden; the page reports a missing project itself.
        with self._loading(), suppress(Forbidden, NotFound):
            async with reading() as session:
                found = await hook.read_hook(session, self._as_actor(), self.project_id)
            self._show_hook(found)

    def _show_hook(self, hook: HookRead) -> None:
        self.address, self.rotated_at = hook.url, hook.rotated_at.isoformat() if hook.rotated_at else ""
        self.repository = hook.repository.full_name if hook.repository else ""
        self.refused = hook.refused.full_name if hook.refused else ""
        self.refused_at = hook.refused.refused_at.isoformat() if hook.refused else ""
        self._refused_id = hook.refused.id if hook.refused else 0

    @handler("signed_in")
    async def ask(self, project_id: int, action: str) -> None:
        self._require_record(project_id, self.project_id)
        if action in ACTIONS and (action != "accept" or self._refused_id):
            self.asking, self.asking_error = action, ""
            self._note_dialog("asking")

    @handler("signed_in")
    async def cancel(self) -> None:
        if not self.is_acting:
            self.asking = ""

    @handler("signed_in")
    async def forget(self) -> Events:
        """Hides the secret after it was copied."""
        self.is_fresh = False
        return rx.set_value(SHOWN_ONCE, "")

    @handler("signed_in")
    async def confirm(self, _form: dict[str, str]) -> AsyncGenerator[Any, None]:
        if not self.asking or self.is_acting:
            return
        self._require_url()
        self.is_acting, self.asking_error = True, ""
        yield
        action = self.asking
        try:
            secret = await self._act(action)
        except AppError as error:
            self.asking_error = error.detail
            return
        finally:
            self.is_acting = False
        self.asking = ""
        if action == "accept":  # a secret that is shown stays
            self._toast(_("Deliveries from {repository} are now accepted", repository=self.repository))
            return
        self.is_fresh = bool(secret)
        yield rx.set_value(SHOWN_ONCE, secret)

    async def _act(self, action: str) -> str:
        """Runs an action and returns the new secret, if there is one."""
        actor, project_id = self._as_actor(), self.project_id
        async with transaction() as session:
            secret = ""
            if action == "remove":
                await hook.remove_hook(session, actor, project_id)
            elif action == "accept":
                choice = RepositoryChoice(repository_id=self._refused_id)
                await hook.accept_repository(session, actor, project_id, choice)
            else:
                secret = (await hook.rotate_hook(session, actor, project_id)).secret or ""
            self._show_hook(await hook.read_hook(session, actor, project_id))
        return secret

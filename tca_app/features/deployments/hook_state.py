"""The GitHub webhook in the settings of a project: where it leads, and a new secret that is shown once."""

from collections.abc import AsyncGenerator
from typing import Any

import reflex as rx

from tca_app.core.db import reading, transaction
from tca_app.core.errors import AppError
from tca_app.features.deployments import hook
from tca_app.features.projects.detail.state import shown_project
from tca_app.ui.address import given_in
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState

ACTIONS = ("rotate", "remove")
SHOWN_ONCE = "github-secret"  # the field that a new secret is put into


class HookState(SessionState):
    address: str = ""
    rotated_at: str = ""
    is_fresh: bool = False  # a new secret is shown; the secret itself never stands in a state
    asking: str = ""
    asking_error: str = ""
    is_acting: bool = False

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        """Only while the settings are open, and only for those who may see it."""
        self.address, self.rotated_at, self.is_fresh, self.asking = "", "", False, ""
        if given_in(self.router_data, "tab") != "settings":
            return
        try:
            async with reading() as session:
                found = await hook.read_hook(session, self._as_actor(), shown_project(self))
        except AppError:
            return  # the panel stays away; the page says whether there is a project
        self.address, self.rotated_at = found.url, found.rotated_at.isoformat() if found.rotated_at else ""

    @handler("signed_in")
    async def ask(self, action: str) -> None:
        if action in ACTIONS:
            self.asking, self.asking_error = action, ""

    @handler("signed_in")
    async def cancel(self) -> None:
        if not self.is_acting:
            self.asking = ""

    @handler("signed_in")
    async def forget(self) -> Any:
        """The secret was copied."""
        self.is_fresh = False
        return rx.set_value(SHOWN_ONCE, "")

    @handler("signed_in")
    async def confirm(self, _form: dict[str, str]) -> AsyncGenerator[Any, None]:
        if not self.asking or self.is_acting:
            return
        self.is_acting, self.asking_error = True, ""
        yield
        try:
            secret = await self._act(self.asking)
        except AppError as error:
            self.asking_error = error.detail
            return
        finally:
            self.is_acting = False
        self.asking, self.is_fresh = "", bool(secret)
        yield rx.set_value(SHOWN_ONCE, secret)

    async def _act(self, action: str) -> str:
        """The new secret, if there is one."""
        actor, project_id = self._as_actor(), shown_project(self)
        async with transaction() as session:
            if action == "remove":
                await hook.remove_hook(session, actor, project_id)
                self.rotated_at = ""
                return ""
            made = await hook.rotate_hook(session, actor, project_id)
        self.rotated_at = made.rotated_at.isoformat()
        return made.secret

"""State of the comments on the page of a deployment: the list, the form below it, and the form that edits one."""

from collections.abc import AsyncGenerator
from typing import Any

import reflex as rx

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading, transaction
from tca_app.core.errors import NotFound
from tca_app.core.language.messages import _
from tca_app.features.deployments.comments import service as comments
from tca_app.features.deployments.comments.schemas import CommentCreate, CommentQuery, CommentRead, CommentUpdate
from tca_app.features.deployments.comments.ui.rows import CommentRow, row_of
from tca_app.features.idempotency import service as idempotency
from tca_app.ui import routes
from tca_app.ui.components.loading import LoadState
from tca_app.ui.forms.removal import RemovalState
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import handler
from tca_app.ui.record import MovedOn, RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import record_id

STEP = 50
NEW = {"body": ""}
EDITED = "edited_body"  # not "body" like the field of the form below, whose id it would share


class CommentsState(LoadState, RemovalState, RecordState, SessionState):
    """State of the list, oldest first."""

    comments: list[CommentRow] = []
    comments_of: int = 0
    has_more: bool = False

    _steps: int = 1

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        deployment_id = record_id(self.router_data, routes.DEPLOYMENTS)
        self._watch(CommentsState.load, f"deployment_comments:{deployment_id}", f"deployment:{deployment_id}")
        if self._enter_record():
            self.comments_of, self.comments, self.has_more = deployment_id, [], False
            self.removed_id, self._steps = 0, 1
        with self._loading():
            try:
                found = await self._read(deployment_id)
            except NotFound:
                self.comments, self.has_more = [], False  # the page reports it itself
                return
            self.comments = [row_of(comment) for comment in reversed(found)]

    async def _read(self, deployment_id: int) -> list[CommentRead]:
        """Returns the newest comments, as many as the page shows, newest first."""
        found: list[CommentRead] = []
        more = True
        async with reading() as session:
            while more and len(found) < self._steps * STEP:
                query = CommentQuery(cursor=found[-1].id if found else None, limit=STEP)
                page, more = await comments.list_comments(session, self._as_actor(), deployment_id, query)
                found += page
        self.has_more = more
        return found

    @handler("signed_in")
    async def show_earlier(self) -> Any:
        self._steps += 1
        return CommentsState.load

    @handler("signed_in")
    async def ask_delete(self, deployment_id: int, comment_id: int) -> None:
        self._require_record(deployment_id, self.comments_of)
        for comment in self.comments:
            if comment["id"] == comment_id:
                self._ask_to_remove(comment_id, comment["author"])

    @handler("signed_in")
    async def delete(self, _form: dict[str, str]) -> AsyncGenerator[Any, None]:
        self._require_url()

        async def act(session: Session, actor: Actor, comment_id: int) -> None:
            await comments.delete_comment(session, actor, self.comments_of, comment_id)

        async for update in self._remove_row(act, _("Comment deleted"), CommentsState.load):
            yield update


class NewCommentState(FormState, SessionState):
    """State of the form below the list. It is always open, and empty again after a comment."""

    @rx.var
    def people_url(self) -> str:
        """Where the browser looks for people to mention."""
        return f"{routes.API_DEPLOYMENTS}/{self.form_id}/people"

    @handler("signed_in")
    async def load(self) -> None:
        """Opens the form. One that is open and untouched stays: what is typed at once is sent with its nonce."""
        is_open = self.form_mode and self.form_url == self._form_url_now()
        if not is_open or self.form_values != NEW:
            self._open_form("create", NEW, row_id=record_id(self.router_data, routes.DEPLOYMENTS))

    @handler("signed_in")
    async def open_create(self, deployment_id: int) -> None:
        """Empties the form, after its draft was discarded."""
        if deployment_id != record_id(self.router_data, routes.DEPLOYMENTS):
            raise MovedOn
        self._open_form("create", NEW, row_id=deployment_id)

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            deployment_id, actor, data = self.form_id, self._as_actor(), CommentCreate(**values)
            async with transaction() as session:
                await idempotency.once(
                    session,
                    actor,
                    self.form_key,
                    f"ui comment on {deployment_id} {data.model_dump_json()}",
                    CommentRead,
                    lambda: comments.create_comment(session, actor, deployment_id, data),
                    lambda made: comments.get_comment(session, actor, made.id),
                )
            self._close_form()
            self._open_form("create", NEW, row_id=deployment_id)
            yield CommentsState.load


class EditedCommentState(FormState, SessionState):
    """State of the dialog that edits an own comment."""

    edited_of: int = 0  # the deployment of the comment

    @rx.var
    def people_url(self) -> str:
        return f"{routes.API_DEPLOYMENTS}/{self.edited_of}/people"

    def _opener_scope(self) -> list[int]:
        return [record_id(self.router_data, routes.DEPLOYMENTS)]

    @handler("signed_in")
    async def open_edit(self, deployment_id: int, comment_id: int) -> None:
        if deployment_id != record_id(self.router_data, routes.DEPLOYMENTS):
            raise MovedOn
        async with reading() as session:
            comment = await comments.get_comment(session, self._as_actor(), comment_id)
        if comment.deployment_id != deployment_id or not comment.may_edit:
            raise NotFound
        self.edited_of = deployment_id
        self._open_form("edit", {EDITED: comment.body}, row_id=comment_id)

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            data = CommentUpdate(body=values[EDITED])
            async with transaction() as session:
                await comments.update_comment(session, self._as_actor(), self.edited_of, self.form_id, data)
            self._close_form()
            self._toast(_("Comment saved"))
            yield CommentsState.load

    def _show_faults(self, faults: dict[str, str], detail: str) -> None:
        named = {EDITED if name == "body" else name: text for name, text in faults.items()}
        FormState._show_faults(self, named, detail)

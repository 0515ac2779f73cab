"""The state of saved views: the pinned ones in the sidebar, and the menu of the list that is shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypedDict
from urllib.parse import urlsplit

from pydantic import ValidationError

from tca_app.core.database.session import Session, reading, transaction
from tca_app.core.errors import AppError, Conflict, Invalid
from tca_app.core.language.messages import _
from tca_app.core.schema import in_words
from tca_app.features.views.schemas import ViewCreate, ViewRead, ViewUpdate
from tca_app.features.views.service import create_view, delete_view, list_views, update_view
from tca_app.ui.handlers import handler
from tca_app.ui.saved_views.locations import Location, list_at, url_of
from tca_app.ui.session import SessionState
from tca_app.ui.url import number_in, page_url

MAX_IN_SIDEBAR = 10


@contextmanager
def _in_words() -> Iterator[None]:
    """Raises the errors of fields as one text: a view has one field to type in, its name."""
    try:
        yield
    except ValidationError as error:
        raise Invalid(in_words(error.errors()[0])) from error
    except AppError as error:
        if error.field_details:
            raise Invalid(" ".join(error.field_details.values())) from error
        raise


class ViewRow(TypedDict):
    """A saved view as a link. `can_change` says whether the viewer may rename, pin and delete it."""

    id: int
    name: str
    url: str
    is_shared: bool
    is_pinned: bool
    can_change: bool


class SavedViewsState(SessionState):
    """State of the sidebar's section "Views" and of the menu "Views" of a list."""

    pinned_views: list[ViewRow] = []
    list_views: list[ViewRow] = []
    renamed_view: int = 0  # whose name is edited
    views_round: int = 0  # a new one empties the form
    views_sent: int = 0  # how often a name was sent, so that the browser leads to each error
    save_error: str = ""
    rename_error: str = ""

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        async with reading() as session:
            await self._read_pinned(session)

    @handler("signed_in", supersedes=True)
    async def open_menu(self, is_open: bool) -> None:
        self.renamed_view, self.save_error = 0, ""
        if is_open:
            async with reading() as session:
                await self._read_list(session)

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> None:
        """Saves the search, filters and sort order in the URL."""
        here = self._list_here()
        data = {
            "list": here.list,
            "project_id": here.project_id if here.project_id and not here.webhook_id else None,
            "webhook_id": here.webhook_id or None,
            "name": form.get("name", "").strip(),
            "query": urlsplit(page_url(self.router_data)).query,
            "is_shared": form.get("shared") == "on",
            "is_pinned": form.get("pinned") == "on",
        }
        self.views_sent += 1
        self.save_error = ""
        try:
            await self._create(data)
        except (Invalid, Conflict) as error:
            self.save_error = error.detail
        else:
            self.views_round += 1

    @handler("signed_in")
    async def put_back(self, data: dict[str, Any]) -> None:
        """Creates a deleted view again: the button "Undo"."""
        await self._create(data)

    @handler("signed_in")
    async def edit_name(self, view_id: int) -> None:
        self.renamed_view, self.rename_error = view_id, ""

    @handler("signed_in")
    async def rename(self, form: dict[str, str]) -> None:
        self.views_sent += 1
        self.rename_error = ""
        try:
            with _in_words():
                data = ViewUpdate.model_validate({"name": form.get("name", "").strip()})
                async with transaction() as session:
                    await update_view(session, self._as_actor(), number_in(form.get("id", "")), data)
                    await self._read(session)
        except (Invalid, Conflict) as error:
            self.rename_error = error.detail
        else:
            self.renamed_view = 0

    @handler("signed_in")
    async def pin(self, view_id: int, is_pinned: bool) -> None:
        async with transaction() as session:
            await update_view(session, self._as_actor(), view_id, ViewUpdate(is_pinned=is_pinned))
            await self._read(session)

    @handler("signed_in")
    async def delete(self, view_id: int) -> None:
        async with transaction() as session:
            view = await delete_view(session, self._as_actor(), view_id)
            await self._read(session)
        again = view.model_dump(include=set(ViewCreate.model_fields))
        if view.webhook_id is not None:
            again["project_id"] = None  # it is that of the webhook
        self._toast(_("View {name} deleted", name=view.name), undo=SavedViewsState.put_back(again))

    async def _create(self, data: dict[str, Any]) -> None:
        with _in_words():
            checked = ViewCreate.model_validate(data)
            async with transaction() as session:
                view = await create_view(session, self._as_actor(), checked)
                await self._read(session)
        self._toast(_("View {name} saved", name=view.name))

    def _list_here(self) -> Location:
        here = list_at(page_url(self.router_data))
        if here is None:
            raise Invalid(_("This list has no saved views."))
        return here

    async def _read(self, session: Session) -> None:
        await self._read_pinned(session)
        await self._read_list(session)

    async def _read_pinned(self, session: Session) -> None:
        views = self._rows(await list_views(session, self._as_actor(), is_pinned=True))[:MAX_IN_SIDEBAR]
        if list(self.pinned_views) != views:
            self.pinned_views = views

    async def _read_list(self, session: Session) -> None:
        here = list_at(page_url(self.router_data))
        found = await list_views(session, self._as_actor(), here.list) if here else []
        self.list_views = self._rows([view for view in found if here and here.is_of(view)])

    def _rows(self, views: list[ViewRead]) -> list[ViewRow]:
        return [
            ViewRow(
                id=view.id,
                name=view.name,
                url=url_of(view),
                is_shared=view.is_shared,
                is_pinned=view.is_pinned,
                can_change=not view.is_shared or self._as_actor().is_superuser,
            )
            for view in views
        ]

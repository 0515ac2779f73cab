"""The state of saved views: the pinned ones in the sidebar, and the menu of the list that is shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypedDict
from urllib.parse import urlencode, urlsplit

import reflex as rx
from pydantic import ValidationError
from reflex.event import EventSpec

from tca_app.core.database.session import Session, reading, transaction
from tca_app.core.errors import AppError, Conflict, Invalid
from tca_app.core.language.messages import _
from tca_app.core.schema import in_words
from tca_app.features.views.lists import parsed
from tca_app.features.views.schemas import ViewCreate, ViewRead, ViewUpdate
from tca_app.features.views.service import create_view, delete_view, get_view, list_views, update_view
from tca_app.ui.handlers import handler
from tca_app.ui.saved_views.locations import VIEW_PARAMETER, Location, list_at, url_of
from tca_app.ui.session import SessionState
from tca_app.ui.url import fields_of, number_in, page_url, values_of

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
    """A saved view as a link. `can_change` says whether the viewer may change and delete it."""

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
    open_view: int = 0  # the view of the list that is open, or 0
    changed_view: int = 0  # the same while the list shows something else, if the viewer may change it
    changed_name: str = ""
    renamed_view: int = 0  # whose name is edited
    views_round: int = 0  # a new one empties the form
    views_sent: int = 0  # how often a name was sent, so that the browser leads to each error
    save_error: str = ""
    rename_error: str = ""
    _changed_query: str = ""  # what `changed_view` was when the menu opened

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
    async def save(self, form: dict[str, str]) -> EventSpec | None:
        """Saves the search, filters and sort order in the URL as a new view, which is open then."""
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
            view = await self._create(data)
        except (Invalid, Conflict) as error:
            self.save_error = error.detail
            return None
        self.views_round += 1
        url = page_url(self.router_data)
        query = urlencode(values_of(url) | {VIEW_PARAMETER: [str(view.id)]}, doseq=True)
        return rx.redirect(f"{url.partition('?')[0]}?{query}", replace=True)

    @handler("signed_in")
    async def save_changes(self, view_id: int) -> None:
        """Saves the search, filters and sort order in the URL in the view that is open."""
        async with reading() as session:
            view = await get_view(session, self._as_actor(), view_id)
        if not self._list_here().is_of(view):
            raise Invalid(_("This view belongs to another list."))
        before = self._changed_query if view_id == self.changed_view else view.query
        saved = await self._store_query(view_id, urlsplit(page_url(self.router_data)).query, before)
        undo = SavedViewsState.put_query_back(view_id, before, saved.query)
        self._toast(_("View {name} saved", name=saved.name), undo=undo)

    @handler("signed_in")
    async def put_query_back(self, view_id: int, query: str, saved: str) -> None:
        """Gives a view the query that it had before `saved`, unless it has another one since: the button "Undo"."""
        view = await self._store_query(view_id, query, saved)
        self._toast(_("View {name} restored", name=view.name))

    async def _store_query(self, view_id: int, query: str, before: str) -> ViewRead:
        with _in_words():
            data = ViewUpdate(query=query)
            async with transaction() as session:
                view = await update_view(session, self._as_actor(), view_id, data, if_query=before)
                await self._read(session)
        return view

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

    async def _create(self, data: dict[str, Any]) -> ViewRead:
        with _in_words():
            checked = ViewCreate.model_validate(data)
            async with transaction() as session:
                view = await create_view(session, self._as_actor(), checked)
                await self._read(session)
        self._toast(_("View {name} saved", name=view.name))
        return view

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
        url = page_url(self.router_data)
        here = list_at(url)
        found = await list_views(session, self._as_actor(), here.list) if here else []
        views = [view for view in found if here and here.is_of(view)]
        self.list_views = self._rows(views)
        opened = next((view for view in views if view.id == number_in(fields_of(url).get(VIEW_PARAMETER, ""))), None)
        self.open_view, self.changed_view, self.changed_name = opened.id if opened else 0, 0, ""
        if opened and self._may_change(opened) and opened.query != parsed(opened.list, urlsplit(url).query):
            self.changed_view, self.changed_name, self._changed_query = opened.id, opened.name, opened.query

    def _may_change(self, view: ViewRead) -> bool:
        return not view.is_shared or self._as_actor().is_superuser

    def _rows(self, views: list[ViewRead]) -> list[ViewRow]:
        return [
            ViewRow(
                id=view.id,
                name=view.name,
                url=url_of(view),
                is_shared=view.is_shared,
                is_pinned=view.is_pinned,
                can_change=self._may_change(view),
            )
            for view in views
        ]

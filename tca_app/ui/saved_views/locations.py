"""Where each list with saved views is: the list that a URL shows, and the URL of a view."""

from typing import NamedTuple

from tca_app.features.views.lists import ViewedList
from tca_app.features.views.schemas import ViewRead
from tca_app.ui import routes
from tca_app.ui.url import fields_of, number_in

# Of two lists with the same path, the one whose URL has parameters comes first.
LIST_URLS: dict[ViewedList, str] = {
    "environments": routes.ENVIRONMENTS,
    "invitations": routes.INVITATIONS,
    "projects": routes.PROJECTS,
    "deployments": routes.DEPLOYMENTS,
    "users": routes.USERS,
    "tokens": routes.ALL_TOKENS,
    "jobs": routes.JOBS,
    "activity": routes.ACTIVITY,
    "groups": routes.GROUPS,
    "dora": routes.DORA,
    "subscribers": routes.SUBSCRIBERS,
    "incidents": routes.ALL_INCIDENTS,
    "maintenance": routes.MAINTENANCE,
    "checks": routes.CHECKS,
    "own_tokens": f"{routes.SETTINGS}?tab=tokens",  # those of a project are in its settings
    "webhooks": routes.WEBHOOKS,  # of the instance; those of a project are on its page
}
_LISTS_OF_TABS: dict[str, ViewedList] = {"members": "members", "settings": "own_tokens"}
_TABS: dict[ViewedList, str] = {"members": "members", "own_tokens": "settings", "webhooks": "webhooks"}  # of a project


VIEW_PARAMETER = "saved"  # the parameter that names the view that was opened; the filters may have changed since


class Location(NamedTuple):
    """A list, and the record whose list it is; 0 for none."""

    list: ViewedList
    project_id: int = 0
    webhook_id: int = 0

    def is_of(self, view: ViewRead) -> bool:
        """Whether a view is one of this list. A webhook knows its project, its URL may not."""
        of_record = view.webhook_id == self.webhook_id if self.webhook_id else (view.project_id or 0) == self.project_id
        return view.list == self.list and of_record


def list_at(url: str) -> Location | None:
    """Returns the list that a page shows, if it has saved views."""
    path, given = url.partition("?")[0].rstrip("/"), fields_of(url)
    for name, own in LIST_URLS.items():
        if name == "webhooks":
            continue
        if path == own.partition("?")[0] and fields_of(own).items() <= given.items():
            return Location(name)
    project_id, tab = number_in(path.removeprefix(f"{routes.PROJECTS}/")), given.get("tab", "")
    if project_id and tab in _LISTS_OF_TABS:
        return Location(_LISTS_OF_TABS[tab], project_id)
    if path == routes.WEBHOOKS or (project_id and tab == "webhooks"):
        webhook_id = number_in(given.get("hook", ""))
        return Location("deliveries" if webhook_id else "webhooks", project_id, webhook_id)
    return None


def url_of(view: ViewRead) -> str:
    """Returns the URL that opens a view."""
    own = _list_url(view)
    query = "&".join(filter(None, (view.query, f"{VIEW_PARAMETER}={view.id}")))
    return f"{own}{'&' if '?' in own else '?'}{query}"


def _list_url(view: ViewRead) -> str:
    if view.list in _TABS and view.project_id is not None:
        return f"{routes.project(view.project_id)}?tab={_TABS[view.list]}"
    if view.webhook_id is not None:
        return routes.webhook(view.project_id, view.webhook_id)
    return LIST_URLS[view.list]

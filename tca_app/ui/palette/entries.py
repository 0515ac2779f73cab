"""Entries of the command palette: commands that are always the same, and searches of features."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypedDict

from tca_app.core.actor import Actor
from tca_app.core.language.messages import N_
from tca_app.ui.components.faces import Face, Mark, Marked, face_of, mark_of
from tca_app.ui.palette.matching import match

MAX_PER_GROUP = 6
# The groups in the order of an empty search, with the icon of their entries.
GROUPS = {
    N_("Actions"): "zap",
    N_("Pages"): "corner-down-right",
    N_("Projects"): "folder-git-2",
    N_("People"): "user",
    N_("Groups"): "contact",
    N_("Deployments"): "rocket",
    N_("Environments"): "layers",
    N_("Incidents"): "heart-pulse",
    N_("Settings"): "settings",
}


class Entry(TypedDict):
    """An entry. `detail` distinguishes two entries with the same label.

    `mark` is that of its project, and `face` that of a person.

    It opens `url`, presses the control whose `data-command` is `press`, also on the page that it opens, or types `fill`
    into the palette.
    """

    label: str
    detail: str
    mark: Mark
    face: Face
    url: str
    press: str
    fill: str


def entry(
    label: str,
    *,
    detail: str = "",
    project: Marked | None = None,
    user_id: int | None = None,
    url: str = "",
    press: str = "",
    fill: str = "",
) -> Entry:
    mark, face = mark_of(project), face_of(label if user_id else "", user_id)
    return Entry(label=label, detail=detail, mark=mark, face=face, url=url, press=press, fill=fill)


def _everybody(_actor: Actor) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Command:
    """An entry that is always the same. `words` are other names by which it is found; `rule` says who has it.

    `section` stands before the label, as in "Settings: Sessions".
    """

    group: str
    entry: Entry
    permission: str = "signed_in"
    rule: Callable[[Actor], bool] = _everybody
    words: str = ""
    section: str = ""


# (session, actor, text, path of the open page). The UI does not know the type of a session, it only passes it on.
Search = Callable[[Any, Actor, str, str], Awaitable[list[Entry]]]
Get = Callable[[Any, Actor, int], Awaitable[Entry]]


@dataclass(frozen=True, slots=True)
class Source:
    """A search of a feature, for a text that is not empty unless it `is_offered` always.

    Records whose page is below `path` are also shown as recent: `get` raises NotFound or Forbidden like the service.
    """

    group: str
    search: Search
    permission: str = "signed_in"
    is_offered: bool = False
    path: str = ""
    get: Get | None = None


Offered = Command | Source
OFFERED: dict[tuple[str, str], Offered] = {}  # in the order of an empty search


def add_to_palette(*added: Offered) -> None:
    """Adds commands and searches to the palette. One that is added again replaces the first."""
    for one in added:
        name = one.entry["label"] if isinstance(one, Command) else one.search.__module__
        OFFERED[one.group, name] = one


def resembling(text: str, entries: Iterable[Entry]) -> list[Entry]:
    """Returns the entries of which each word of `text` matches the label or the detail."""
    return [one for one in entries if match(text, f"{one['label']} {one['detail']}")]


async def with_similar(
    text: str,
    found: Iterable[Any],
    find_similar: Callable[[], Awaitable[Iterable[Any]]],
    to_entry: Callable[[Any], Entry],
) -> list[Entry]:
    """Returns entries of what a search has found, and if these are few, behind them of what only resembles the text."""
    entries = [to_entry(one) for one in found]
    if len(entries) >= MAX_PER_GROUP or not text:
        return entries
    similar = resembling(text, map(to_entry, await find_similar()))
    return entries + [one for one in similar if one not in entries]

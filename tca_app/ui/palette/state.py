"""State of the command palette (Ctrl or Cmd + K): what the viewer may open and do, in groups, best match first."""

from collections.abc import Collection
from contextlib import suppress
from typing import Any, NamedTuple, TypedDict

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.core.errors import Forbidden, NotFound
from tca_app.core.language.messages import _, ngettext
from tca_app.core.schema import MAX_SEARCH
from tca_app.ui.handlers import PERMISSIONS, handler
from tca_app.ui.palette.entries import GROUPS, MAX_PER_GROUP, OFFERED, Command, Entry, Source
from tca_app.ui.palette.matching import match, parts_of
from tca_app.ui.session import SessionState
from tca_app.ui.url import number_in, page_path, printable

MAX_RECENT = 6
CLOSED = "\n"  # a text that no box holds, so that nothing is opened before the first results


class ShownEntry(Entry):
    """`parts` is the label, in parts that do not match the text and parts that do, in turn."""

    group: str
    parts: list[str]


class Group(TypedDict):
    title: str
    entries: list[ShownEntry]


class PaletteState(SessionState):
    """State of the open palette. `found_for` is the text of the results; Enter opens a result only for that text."""

    groups: list[Group] = []
    found_for: str = CLOSED
    summary: str = ""

    @handler("signed_in", supersedes=True)
    async def set_open(self, is_open: bool, recent: str = "") -> None:
        """Shows the commands and the records of the paths in `recent`, which the browser knows."""
        if is_open:
            await self._find("", recent)
        else:
            self.groups, self.found_for, self.summary = [], CLOSED, ""

    @handler("signed_in", supersedes=True)
    async def look_up(self, text: str, recent: str = "") -> None:
        await self._find(text[:MAX_SEARCH], recent)

    async def _find(self, text: str, recent: str) -> None:
        actor, wanted = self._as_actor(), printable(text)
        async with reading() as session:
            shown = [] if wanted else await _recent(session, actor, recent)
            shown += _groups(await _search(session, actor, wanted, page_path(self.router_data)))
        self.groups, self.found_for = shown, text
        self.summary = ngettext("{count} result", "{count} results", sum(len(group["entries"]) for group in shown))


class _Found(NamedTuple):
    """An entry, how well it matches, and the letters of its label that match."""

    entry: Entry
    score: float
    indices: set[int]


async def _search(session: Any, actor: Actor, text: str, here: str) -> dict[str, list[_Found]]:
    """Returns what matches, by group. An empty text is matched by every command."""
    found: dict[str, list[_Found]] = {group: [] for group in GROUPS}
    for offered in OFFERED.values():
        if isinstance(offered, Command):
            found[offered.group] += _command(actor, text, offered)
        else:
            entries = await _entries(session, actor, text, here, offered)
            found[offered.group] += [_judged(text, one, one["detail"]) for one in entries[:MAX_PER_GROUP]]
    return found


def _command(actor: Actor, text: str, command: Command) -> list[_Found]:
    if not PERMISSIONS[command.permission](actor) or not command.rule(actor):
        return []
    judged = _judged(text, *_translated(command))
    return [judged] if judged.score > 0 or not text else []


async def _entries(session: Any, actor: Actor, text: str, here: str, source: Source) -> list[Entry]:
    is_asked = PERMISSIONS[source.permission](actor) and (text or source.is_offered)
    return await source.search(session, actor, text, here) if is_asked else []


def _translated(command: Command) -> tuple[Entry, str]:
    """Returns the entry in the viewer's language, and the other words that find it, such as the English ones."""
    named = [text for text in (command.section, command.entry["label"]) if text]
    label, english = ": ".join(map(_, named)), ": ".join(named)
    translated: Entry = {**command.entry, "label": label}
    return translated, command.words if label == english else f"{command.words} {english}"


def _judged(text: str, entry: Entry, other: str) -> _Found:
    """Scores an entry by its label, or else by `other` or both together, which count half."""
    label = entry["label"]
    by_label = match(text, label)
    if by_label is not None:
        return _Found(entry, by_label.score, by_label.indices)
    by_other = match(text, other)
    if by_other is not None:
        return _Found(entry, by_other.score / 2, set())
    by_both = match(text, f"{label} {other}")
    if by_both is None:
        return _Found(entry, 0.0, set())
    return _Found(entry, by_both.score / 2, {index for index in by_both.indices if index < len(label)})


def _groups(found: dict[str, list[_Found]]) -> list[Group]:
    """Returns the groups with entries, each and all of them with the best match first."""
    ranked = [(title, sorted(ones, key=lambda one: -one.score)) for title, ones in found.items() if ones]
    ranked.sort(key=lambda group: -group[1][0].score)
    return [
        Group(title=_(title), entries=[_shown(title, one.entry, one.indices) for one in ones]) for title, ones in ranked
    ]


async def _recent(session: Any, actor: Actor, paths: str) -> list[Group]:
    """Returns the records of these paths that the viewer may still see."""
    shown = []
    for path in paths.split()[:MAX_RECENT]:
        page, _slash, number = path.rpartition("/")
        for source in OFFERED.values():
            if not isinstance(source, Source) or source.get is None or source.path != page:
                continue
            with suppress(NotFound, Forbidden):
                shown.append(_shown(source.group, await source.get(session, actor, number_in(number))))
    return [Group(title=_("Recent"), entries=shown)] if shown else []


def _shown(group: str, entry: Entry, indices: Collection[int] = ()) -> ShownEntry:
    return ShownEntry(**entry, group=group, parts=parts_of(entry["label"], indices))

"""What a table says about its bulk actions: their names, texts and permission."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

from tca_app.core.errors import Invalid
from tca_app.core.language.messages import N_, _, ngettext, nN_
from tca_app.core.plurals import plural
from tca_app.core.region.formats import number

MAX_NAMED = 5


class Result(Protocol):
    """The result of an action for one row. `detail` says why it was refused."""

    id: int
    ok: bool
    detail: str


class Refusal(TypedDict):
    """The rows that an action refused for the same reason: some of their names, and the reason."""

    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class BulkAction:
    """An action on many rows. It is confirmed first when it has a `question`, the text of the confirmation."""

    key: str
    label: str
    done: str  # "archived"
    question: str = ""
    needs: str = ""  # the key of a row's flag that says whether the viewer may do it
    danger: bool = False
    in_trash: bool = False
    can_undo: bool = False
    skips_self: bool = False  # it leaves out the viewer, whose own row may be among the selected
    settled: tuple[str, Any] | None = None  # the key and value of a row that the action would not change


RESTORE = BulkAction("restore", N_("Restore"), N_("restored"), in_trash=True, can_undo=True)
DELETE = "delete"  # the key of the action that RESTORE takes back


# The nouns of `BulkSpec` with a number.
_COUNTED = {
    "job": nN_("{count} job", "{count} jobs"),
    "project": nN_("{count} project", "{count} projects"),
    "token": nN_("{count} token", "{count} tokens"),
    "user": nN_("{count} user", "{count} users"),
}


_NOUNS = {"job": N_("jobs"), "project": N_("projects"), "token": N_("tokens"), "user": N_("users")}


def nouns_of(noun: str) -> str:
    """Returns the plural of the noun of a table."""
    return _(_NOUNS[noun]) if noun in _NOUNS else f"{noun}s"


def counted(count: int, noun: str) -> str:
    """Returns the number with the noun of a table."""
    return ngettext(*_COUNTED[noun], count) if noun in _COUNTED else plural(count, noun)


@dataclass(frozen=True, slots=True)
class BulkSpec:
    """The bulk actions of a table, and the permission that their handlers require."""

    permission: str
    noun: str
    actions: tuple[BulkAction, ...]
    name_key: str = ""  # the key of a row's name; without it rows are named by their ids
    refused: str = N_("refused")

    def action(self, key: str) -> BulkAction:
        for action in self.actions:
            if action.key == key:
                return action
        raise Invalid(_("Unknown action."))


def by_reason(results: Sequence[Result], names: dict[int, str], noun: str) -> list[Refusal]:
    """Returns the refusals among the results by their reason. A row without a name is the noun with its id."""
    reasons: dict[str, list[str]] = {}
    for result in results:
        if not result.ok:
            name = names.get(result.id, f"{_(noun.capitalize())} {result.id}")
            reasons.setdefault(result.detail.removeprefix(f"{name} "), []).append(name)
    return [Refusal(name=_named(refused), detail=detail) for detail, refused in reasons.items()]


def _named(names: list[str]) -> str:
    """ "ana, bob, cyd, dee, eve and 12 more"."""
    more = _(" and {number} more", number=number(len(names) - MAX_NAMED)) if len(names) > MAX_NAMED else ""
    return f"{', '.join(names[:MAX_NAMED])}{more}"


def why_none(noun: str, action: BulkAction, forbidden: int, *, is_trash: bool) -> str:
    """Returns why an action changes none of the rows: the viewer may not change `forbidden` of them."""
    if is_trash:
        return _("These {nouns} are already in the trash.", nouns=nouns_of(noun))
    if not forbidden:
        return _("You cannot {action} yourself here.", action=_(action.label).lower())
    return _(
        "You do not have permission to {action} these {nouns}. Ask their owners.",
        action=_(action.label).lower(),
        nouns=nouns_of(noun),
    )

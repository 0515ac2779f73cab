"""What a table says about its bulk actions: their names, texts and permission."""

from dataclasses import dataclass
from typing import TypedDict

from tca_app.core.errors import Invalid
from tca_app.core.language.messages import N_, _, ngettext, nN_
from tca_app.core.plurals import plural


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

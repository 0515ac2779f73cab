"""What a table says about its bulk actions: their names, texts and permission."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypedDict

from pydantic import TypeAdapter, ValidationError

from tca_app.core.errors import Invalid
from tca_app.core.language.messages import N_, _, ngettext, nN_
from tca_app.core.region.formats import number
from tca_app.core.schema import Reason

MAX_NAMED = 5
_REASON: TypeAdapter[str] = TypeAdapter(Reason)
ALREADY = nN_("{count} is already {done}.", "{count} are already {done}.")


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
    """An action on many rows. It is confirmed first when it has a `question`, the text of the confirmation.

    Rows that are `settled`, which it would not change, are left out; `already` says so with their number.
    """

    key: str
    label: str
    done: str  # "archived"
    question: str = ""
    needs: str = ""  # the key of a row's flag that says whether the viewer may do it
    danger: bool = False
    in_trash: bool = False
    undo: str = ""  # the key of the action that takes it back
    skips_self: bool = False  # it leaves out the viewer, whose own row may be among the selected
    settled: Callable[[Any], bool] | None = None
    already: tuple[str, str] = ALREADY
    title: str = N_("{action} {what}?")  # of the confirmation
    keep: str = N_("Cancel")  # the button that closes the confirmation
    needs_reason: bool = False  # the `question` of the table then has a `reason_field`


RESTORE = BulkAction("restore", N_("Restore"), N_("restored"), in_trash=True, undo="delete")


class _Noun(NamedTuple):
    counted: tuple[str, str]
    plural: str
    numbered: str  # a row without a name


# The nouns of `BulkSpec`.
_NOUNS = {
    "delivery": _Noun(nN_("{count} delivery", "{count} deliveries"), N_("deliveries"), N_("Delivery {id}")),
    "deployment": _Noun(nN_("{count} deployment", "{count} deployments"), N_("deployments"), N_("Deployment {id}")),
    "freeze window": _Noun(
        nN_("{count} freeze window", "{count} freeze windows"), N_("freeze windows"), N_("Freeze window {id}")
    ),
    "group": _Noun(nN_("{count} group", "{count} groups"), N_("groups"), N_("Group {id}")),
    "invitation": _Noun(nN_("{count} invitation", "{count} invitations"), N_("invitations"), N_("Invitation {id}")),
    "job": _Noun(nN_("{count} job", "{count} jobs"), N_("jobs"), N_("Job {id}")),
    "member": _Noun(nN_("{count} member", "{count} members"), N_("members"), N_("Member {id}")),
    "notification": _Noun(
        nN_("{count} notification", "{count} notifications"), N_("notifications"), N_("Notification {id}")
    ),
    "person": _Noun(nN_("{count} person", "{count} people"), N_("people"), N_("Person {id}")),
    "project": _Noun(nN_("{count} project", "{count} projects"), N_("projects"), N_("Project {id}")),
    "subscriber": _Noun(nN_("{count} subscriber", "{count} subscribers"), N_("subscribers"), N_("Subscriber {id}")),
    "token": _Noun(nN_("{count} token", "{count} tokens"), N_("tokens"), N_("Token {id}")),
    "user": _Noun(nN_("{count} user", "{count} users"), N_("users"), N_("User {id}")),
    "webhook": _Noun(nN_("{count} webhook", "{count} webhooks"), N_("webhooks"), N_("Webhook {id}")),
}


def nouns_of(noun: str) -> str:
    """Returns the plural of the noun of a table."""
    return _(_NOUNS[noun].plural)


def counted(count: int, noun: str) -> str:
    """Returns the number with the noun of a table."""
    return ngettext(*_NOUNS[noun].counted, count)


@dataclass(frozen=True, slots=True)
class BulkSpec:
    """The bulk actions of a table, and the permission that their handlers require."""

    permission: str
    noun: str
    actions: tuple[BulkAction, ...]
    name_key: str = ""  # the key of a row's name; without it rows are named by their ids
    refused: str = N_("refused")
    whom_to_ask: str = N_("Ask their owners.")

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
            name = names.get(result.id, _(_NOUNS[noun].numbered, id=result.id))
            reasons.setdefault(result.detail.removeprefix(f"{name} "), []).append(name)
    return [Refusal(name=_named(refused), detail=detail) for detail, refused in reasons.items()]


def _named(names: list[str]) -> str:
    """ "ana, bob, cyd, dee, eve and 12 more"."""
    more = _(" and {number} more", number=number(len(names) - MAX_NAMED)) if len(names) > MAX_NAMED else ""
    return f"{', '.join(names[:MAX_NAMED])}{more}"


def check_reason(action: BulkAction, reason: str) -> str:
    """Returns the typed reason. Raises Invalid without one that the action needs."""
    if action.needs_reason:
        try:
            return _REASON.validate_python(reason)
        except ValidationError as error:
            raise Invalid.at("reason", _("Required.")) from error
    return reason


def choose_rows(
    spec: BulkSpec, action: BulkAction, asked: list[Any], viewer_id: int, *, is_trash: bool
) -> tuple[list[Any], str]:
    """Returns the rows that the action would change, and in words which it leaves out, and why."""
    if is_trash and not action.in_trash:
        return [], _("These {nouns} are already in the trash.", nouns=nouns_of(spec.noun))
    unsettled = [row for row in asked if not (action.settled and action.settled(row))]
    others = [row for row in unsettled if not (action.skips_self and row["id"] == viewer_id)]
    rows = [row for row in others if not action.needs or row.get(action.needs)]
    settled, forbidden = len(asked) - len(unsettled), len(others) - len(rows)
    if not rows and not settled:
        return [], _why_none(spec, action, forbidden)
    notes = [ngettext(*action.already, settled, done=_(action.done))] if settled else []
    if len(others) < len(unsettled):
        notes.append(_("You are not included."))
    if forbidden:
        others_text = N_("You do not have permission to change the other {number}; they are unchanged.")
        notes.append(_(others_text, number=number(forbidden)))
    return rows, " ".join(notes)


def result_text(spec: BulkSpec, action: BulkAction, results: Sequence[Result], names: dict[int, str]) -> str:
    """ "bob archived, 2 refused"."""
    done = [result.id for result in results if result.ok]
    what = names.get(done[0]) if len(done) == 1 else None
    if done:
        text = f"{what or counted(len(done), spec.noun)} {_(action.done)}"
    else:
        text = _("No {nouns} {done}", nouns=nouns_of(spec.noun), done=_(action.done))
    refused = len(results) - len(done)
    return f"{text}, {number(refused)} {_(spec.refused)}" if refused else text


def _why_none(spec: BulkSpec, action: BulkAction, forbidden: int) -> str:
    """Returns why an action changes none of the rows: the viewer may not change `forbidden` of them."""
    if not forbidden:
        return _("You cannot {action} yourself here.", action=_(action.label).lower())
    refused = _("You do not have permission to change these {nouns}.", nouns=nouns_of(spec.noun))
    return f"{refused} {_(spec.whom_to_ask)}"

"""State of "Needs attention" on the dashboard. A failure here does not affect the numbers."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, TypedDict

import reflex as rx

from tca_app.core.actor import Actor
from tca_app.core.database.pagination import Page
from tca_app.core.database.session import Session, reading
from tca_app.core.language.messages import _, ngettext, nN_
from tca_app.core.language.stored import name_text, stored_text
from tca_app.features.dashboard.ui.health_state import failure_words
from tca_app.features.deployments.attention import queries as deployments
from tca_app.features.deployments.attention.ui.notices import notice_of
from tca_app.features.health import attention as health
from tca_app.features.health.incidents.filters import STATUSES
from tca_app.features.health.incidents.schemas import SEVERITIES, incident_title
from tca_app.features.tokens.expiry import list_expiring
from tca_app.features.tokens.schemas import OwnedTokenRead
from tca_app.ui import routes
from tca_app.ui.components.faces import face_of, mark_of
from tca_app.ui.components.notices import Notice
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState

# What is shown first: an incident by its severity, anything else by its kind.
_ORDER = ("critical", "major", "failed", "approval", "overdue", "minor", "certificate", "token")
MOST, FIRST = 20, 5  # of each kind, and before "Show more"
_OPEN = "&".join(f"status={status}" for status, _label in STATUSES if status != "resolved")
# What the panel says of those that it does not list, and the list that has them.
_LISTS = {
    "failed": (
        nN_("{count} more failed deployment", "{count} more failed deployments"),
        routes.deployments_of(status="failed", days=30),
    ),
    "approval": (
        nN_("{count} more deployment awaits your approval", "{count} more deployments await your approval"),
        routes.deployments_of(status="pending_approval"),
    ),
    "overdue": (
        nN_("{count} more deployment takes longer than usual", "{count} more deployments take longer than usual"),
        routes.deployments_of(status="in_progress"),
    ),
    "incident": (
        nN_("{count} more open incident", "{count} more open incidents"),
        f"{routes.ALL_INCIDENTS}?{_OPEN}",
    ),
    "certificate": (
        nN_("{count} more certificate expires", "{count} more certificates expire"),
        f"{routes.CHECKS}?sort=certificate_until",
    ),
    "token": (
        nN_("{count} more API token expires", "{count} more API tokens expire"),
        f"{routes.ALL_TOKENS}?sort=expires_at",
    ),
}


class Unlisted(TypedDict):
    """How many more of a kind there are, in words. `url` is the list that has them, or ""."""

    text: str
    url: str


class AttentionState(SessionState):
    """What the viewer should look at first. Empty, the panel is not shown."""

    notices: list[Notice] = []
    total: int = 0
    unlisted: list[Unlisted] = []
    shows_all: bool = False
    is_loaded: bool = False
    failure: str = ""

    @rx.var
    def shown(self) -> list[Notice]:
        return self.notices if self.shows_all else self.notices[:FIRST]

    @rx.var
    def more(self) -> int:
        return len(self.notices) - len(self.shown)

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        actor = self._as_actor()
        topics = ["deployments", "health", "projects", f"user:{actor.user_id}"]  # the last for own tokens
        self._watch(AttentionState.load, *topics)
        try:
            async with reading() as session:
                found = await _read(session, actor)
            self.notices, self.total = found.notices(), sum(found.totals().values())
            self.unlisted = found.unlisted(actor)
            self.is_loaded, self.failure = True, ""
        except Exception as error:
            self.failure = failure_words(error, "ui.attention_failed")
            return
        of_tokens = {f"project:{token.project_id}" for token in found.tokens.items if token.project_id}
        self._watch(AttentionState.load, *topics, *sorted(of_tokens))

    @handler("signed_in")
    async def show_all(self, shows_all: bool) -> None:
        self.shows_all = shows_all


@dataclass(frozen=True, slots=True)
class _Found:
    """What needs attention, at most `MOST` of each kind."""

    of_deployments: list[deployments.DeploymentAttention]
    of_health: list[health.HealthAttention]
    tokens: Page[OwnedTokenRead]

    def notices(self) -> list[Notice]:
        """Returns the notices, the most severe first."""
        ranked: list[tuple[str, Notice]] = [
            (entry.kind, notice_of(entry, with_project=True)) for entry in self.of_deployments
        ]
        ranked += [(part.severity or part.kind, _health_notice(part)) for part in self.of_health]
        ranked += [("token", _token_notice(token)) for token in self.tokens.items]
        ranked.sort(key=lambda pair: _ORDER.index(pair[0]))
        return [notice for _rank, notice in ranked]

    def totals(self) -> dict[str, int]:
        """Returns how many there are of each kind."""
        totals: dict[str, int] = {entry.kind: entry.total for entry in self.of_deployments}
        return totals | {part.kind: part.total for part in self.of_health} | {"token": self.tokens.total}

    def unlisted(self, actor: Actor) -> list[Unlisted]:
        """Returns the kinds of which there are more. Only administrators have a list of all tokens."""
        listed = Counter[str](entry.kind for entry in self.of_deployments)
        listed.update(part.kind for part in self.of_health)
        listed["token"] = len(self.tokens.items)
        return [
            Unlisted(
                text=ngettext(*_LISTS[kind][0], total - listed[kind]),
                url=_LISTS[kind][1] if kind != "token" or actor.is_superuser else "",
            )
            for kind, total in self.totals().items()
            if total > listed[kind]
        ]


async def _read(session: Session, actor: Actor) -> _Found:
    return _Found(
        await deployments.read_attention(session, actor, MOST),
        await health.read_attention(session, actor, MOST),
        # An administrator who acts as a user sees none of their tokens.
        Page([], 0) if actor.acting_id else await list_expiring(session, actor, MOST),
    )


def _health_notice(part: health.HealthAttention) -> Notice:
    is_incident = part.kind == "incident"
    of_project = routes.project(part.project_id) if part.project_id else routes.STATUS
    about = [
        stored_text(part.detail),
        _(SEVERITIES[part.severity]) if is_incident else "",
        _("Acknowledged") if part.is_acknowledged else "",
    ]
    return Notice(
        key=f"{part.kind}-{part.id}",
        kind=part.kind,
        mark=mark_of(part.project),
        title=incident_title(part)
        if is_incident
        else _("The certificate of {name} expires", name=name_text(part.name)),
        face=face_of(""),
        detail=" · ".join(filter(None, about)) if is_incident else stored_text(part.detail),
        at=part.at.isoformat(),
        url=routes.incident(part.id) if is_incident else of_project,
    )


def _token_notice(token: OwnedTokenRead) -> Notice:
    at: Any = token.expires_at
    url = f"{routes.project(token.project_id)}?tab=settings" if token.project_id else f"{routes.SETTINGS}?tab=tokens"
    return Notice(
        key=f"token-{token.id}",
        kind="token",
        mark=mark_of(None),
        title=_("The API token {name} expires", name=token.name),
        face=face_of(token.owner, token.owner_id),
        detail=f"{token.owner} · {token.prefix}…",
        at=at.isoformat() if at else "",
        url=url,
    )

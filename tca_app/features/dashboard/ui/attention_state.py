"""State of "Needs attention" on the dashboard. A failure here does not affect the numbers."""

from typing import Any

import reflex as rx

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading
from tca_app.core.language.messages import _
from tca_app.core.language.stored import name_text, stored_text
from tca_app.features.dashboard.ui.health_state import failure_words
from tca_app.features.deployments.attention import queries as deployments
from tca_app.features.deployments.attention.ui.notices import notice_of
from tca_app.features.health import attention as health
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


class AttentionState(SessionState):
    """What the viewer should look at first. Empty, the panel is not shown."""

    notices: list[Notice] = []
    total: int = 0
    shows_all: bool = False
    is_loaded: bool = False
    failure: str = ""

    @rx.var
    def shown(self) -> list[Notice]:
        return self.notices if self.shows_all else self.notices[:FIRST]

    @rx.var
    def more(self) -> int:
        return len(self.notices) - len(self.shown)

    @rx.var
    def unlisted(self) -> int:
        return self.total - len(self.notices)

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        self._watch(AttentionState.load, "deployments", "health", "projects")
        try:
            async with reading() as session:
                self.notices, self.total = await _read(session, self._as_actor())
            self.is_loaded, self.failure = True, ""
        except Exception as error:
            self.failure = failure_words(error, "ui.attention_failed")

    @handler("signed_in")
    async def show_all(self, shows_all: bool) -> None:
        self.shows_all = shows_all


async def _read(session: Session, actor: Actor) -> tuple[list[Notice], int]:
    """Returns the notices, the most severe first, and how many there are in all."""
    found = await deployments.read_attention(session, actor, MOST)
    of_health = await health.read_attention(session, actor, MOST)
    # An administrator who acts as a user sees none of their tokens.
    tokens = [] if actor.acting_id else await list_expiring(session, actor, MOST)
    ranked: list[tuple[str, Notice]] = [(entry.kind, notice_of(entry, with_project=True)) for entry in found]
    ranked += [(part.severity or part.kind, _health_notice(part)) for part in of_health]
    ranked += [("token", _token_notice(token)) for token in tokens]
    ranked.sort(key=lambda pair: _ORDER.index(pair[0]))
    totals = {entry.kind: entry.total for entry in found}
    return [notice for _rank, notice in ranked], len(ranked) + sum(totals.values()) - len(found)


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

"""Notices of deployments that need attention."""

from tca_app.core.language.messages import _
from tca_app.features.deployments.attention.queries import DeploymentAttention
from tca_app.ui import routes
from tca_app.ui.components.faces import face_of, mark_of
from tca_app.ui.components.notices import Notice


def notice_of(entry: DeploymentAttention, *, with_project: bool = False) -> Notice:
    found = entry.deployment
    words = {
        "failed": (
            _("{version} in {environment} failed"),
            found.reason or _("No successful deployment since."),
            found.finished_at,
        ),
        "approval": (
            _("{version} to {environment} awaits your approval"),
            _("Requested by {who}", who=found.who),
            found.created_at,
        ),
        "overdue": (
            _("{version} in {environment} takes longer than usual"),
            _("Reported by {who}", who=found.who),
            found.started_at,
        ),
    }
    title, detail, at = words[entry.kind]
    version = f"{found.project.name} {found.version}" if with_project else found.version
    return Notice(
        key=f"{entry.kind}-{found.id}",
        kind=entry.kind,
        mark=mark_of(found.project),
        title=title.format(version=version, environment=found.environment.name),
        detail=detail,
        face=face_of("") if entry.kind == "failed" else face_of(found.who, found.who_id),
        at=at.isoformat() if at else "",
        url=routes.deployment(found.id),
    )

"""Notices of deployments that need attention."""

from tca_app.features.deployments.attention.queries import DeploymentAttention
from tca_app.ui import routes
from tca_app.ui.components.notices import Notice


def notice_of(entry: DeploymentAttention, *, with_project: bool = False) -> Notice:
    found = entry.deployment
    words = {
        "failed": ("in", "failed", found.reason or "No successful deployment since.", found.finished_at),
        "approval": ("to", "awaits your approval", f"Requested by {found.who}", found.created_at),
        "overdue": ("in", "takes longer than usual", f"Reported by {found.who}", found.started_at),
    }
    where, what, detail, at = words[entry.kind]
    version = f"{found.project.name} {found.version}" if with_project else found.version
    return Notice(
        key=f"{entry.kind}-{found.id}",
        kind=entry.kind,
        title=f"{version} {where} {found.environment.name} {what}",
        detail=detail,
        at=at.isoformat() if at else "",
        url=routes.deployment(found.id),
    )

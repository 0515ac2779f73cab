"""Estimates the progress of a running deployment from the last successful ones in the same environment."""

from datetime import datetime

from tca_app.core.language.messages import _
from tca_app.features.deployments.schemas import OpenDeployment
from tca_app.features.deployments.ui.figures import seconds_words
from tca_app.features.deployments.ui.state import DeploymentRow, row_of


class OpenRow(DeploymentRow):
    """A running deployment. `progress` says how far it is, or "" when it has not started. `share` is the length of its
    bar in percent, or None when no deployment ever succeeded there."""

    progress: str
    share: int | None
    is_late: bool


def open_row(deployment: OpenDeployment, now: datetime) -> OpenRow:
    row = OpenRow(**row_of(deployment), progress="", share=None, is_late=False)
    if deployment.status != "in_progress" or deployment.started_at is None:
        return row
    passed, usual = max(0.0, (now - deployment.started_at).total_seconds()), deployment.usual_s
    if not usual:
        row["progress"] = _("{passed} so far", passed=_span(passed))
        return row
    took, takes = _span(passed), _span(usual)
    row["share"], row["is_late"] = min(100, int(100 * passed / usual)), passed > usual and took != takes
    row["progress"] = (
        _("{took}, longer than the usual {takes}", took=took, takes=takes)
        if row["is_late"]
        else _("{took} of about {takes}", took=took, takes=takes)
    )
    return row


def _span(seconds: float) -> str:
    if seconds < 60:
        return seconds_words(seconds)
    hours, minutes = divmod(round(seconds / 60), 60)
    return _("{hours} h {minutes} min", hours=hours, minutes=minutes) if hours else _("{minutes} min", minutes=minutes)

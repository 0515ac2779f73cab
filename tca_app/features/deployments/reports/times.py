"""The state and the times of a deployment that is reported with its own, such as history from another tool."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import func

from tca_app.core.errors import Invalid
from tca_app.core.language.messages import _
from tca_app.features.deployments.policy import FINISHED
from tca_app.features.deployments.schemas import DeploymentCreate

CLOCK_SKEW = timedelta(minutes=1)
HISTORY_AFTER = timedelta(days=1)  # what ended earlier is history: nobody is notified
TIMES = ("queued_at", "started_at", "finished_at")


def reported_state(data: DeploymentCreate, *, asks: bool) -> dict[str, Any]:
    """Returns the columns of the state that is reported. Raises Invalid for times that contradict it or each other."""
    _check_times(data)
    own: dict[str, Any] = {} if data.queued_at is None else {"created_at": data.queued_at}
    if data.status == "queued":
        if asks:
            return {"status": "pending_approval"} | own
        return {"status": "queued", "queued_at": data.queued_at or func.now()} | own
    now = datetime.now(UTC)
    finished_at = data.finished_at
    if data.status in FINISHED and finished_at is None:
        finished_at = max(now, data.queued_at or now, data.started_at or now)
    started_at = data.started_at or _default_start(data, finished_at, now)
    queued_at = data.queued_at or started_at or finished_at
    times = {"created_at": queued_at, "queued_at": queued_at, "started_at": started_at, "finished_at": finished_at}
    return {"status": data.status} | times


def _default_start(data: DeploymentCreate, finished_at: datetime | None, now: datetime) -> datetime | None:
    """Returns the start of what names none. What was cancelled may never have started; a result began when queued."""
    if data.status == "cancelled":
        return None
    return data.queued_at or finished_at or now


def _check_times(data: DeploymentCreate) -> None:
    latest = datetime.now(UTC) + CLOCK_SKEW
    given = [(name, at) for name in TIMES if (at := getattr(data, name)) is not None]
    for name, at in given:
        if at > latest:
            raise Invalid.at(name, _("This time is in the future."))
    for (earlier, at), (later, then) in pairwise(given):
        if then < at:
            raise Invalid.at(later, _("This is before {earlier}.", earlier=earlier))
    if data.started_at is not None and data.status == "queued":
        raise Invalid.at("started_at", _("A queued deployment has not started."))
    if data.finished_at is not None and data.status not in FINISHED:
        raise Invalid.at("finished_at", _("Only a deployment that succeeded, failed or was cancelled has finished."))


def is_history(finished_at: datetime | None) -> bool:
    """Returns whether a reported end is too old to be news."""
    return finished_at is not None and finished_at < datetime.now(UTC) - HISTORY_AFTER

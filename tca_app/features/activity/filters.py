"""The parameters of the URL of the event log."""

from tca_app.core.events.log import CATALOGUE
from tca_app.core.lists.query import Choice, Filter, Options, TableSpec

SUBJECTS = (
    ("user", "People"),
    ("project", "Projects"),
    ("deployment", "Deployments"),
    ("webhook", "Webhooks"),
    ("token", "API tokens"),
    ("group", "Groups"),
    ("job", "Jobs"),
    ("instance", "Instance"),
    ("health_check", "Health checks"),
    ("incident", "Incidents"),
    ("maintenance", "Maintenance"),
)
PERIODS = {"1": "Today", "7": "Last 7 days", "30": "Last 30 days", "90": "Last 90 days"}


def type_label(name: str) -> str:
    """ "Project created" for `project_created`."""
    return name.replace("_", " ").capitalize()


def _types() -> Options:
    """Returns the types of all features, each of which adds its own when it is imported."""
    return tuple((name, type_label(name)) for name in sorted(CATALOGUE))


ACTIVITY = TableSpec(
    sorts=("at",),
    default_sort="-at",
    name="activity",
    filters=(Filter("period", "Time", tuple(PERIODS.items()), is_hidden=True),),
    choices=(
        Choice("type", "Type", late_options=_types),
        Choice("subject", "About", SUBJECTS),
        Choice("actor", "By", searchable=True),
        Choice("project", "Project", searchable=True),
    ),
    dates="Time",
)

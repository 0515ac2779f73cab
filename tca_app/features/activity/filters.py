"""The parameters of the URL of the event log."""

from tca_app.core.events.log import CATALOGUE
from tca_app.core.language.messages import N_
from tca_app.core.lists.query import PROJECT, Choice, Filter, Options, TableSpec
from tca_app.features.activity.type_labels import type_label

SUBJECTS = (
    ("user", N_("People")),
    ("project", N_("Projects")),
    ("deployment", N_("Deployments")),
    ("webhook", N_("Webhooks")),
    ("token", N_("API tokens")),
    ("group", N_("Groups")),
    ("job", N_("Jobs")),
    ("instance", N_("Instance")),
    ("health_check", N_("Health checks")),
    ("incident", N_("Incidents")),
    ("maintenance", N_("Maintenance")),
)
PERIODS = {"1": N_("Today"), "7": N_("Last 7 days"), "30": N_("Last 30 days"), "90": N_("Last 90 days")}


def _types() -> Options:
    """Returns the types of all features, each of which adds its own when it is imported."""
    return tuple((name, type_label(name)) for name in sorted(CATALOGUE))


ACTIVITY = TableSpec(
    sorts=("at",),
    default_sort="-at",
    name="activity",
    filters=(Filter("period", N_("Time"), tuple(PERIODS.items()), is_hidden=True),),
    choices=(
        Choice("type", N_("Type"), late_options=_types),
        Choice("subject", N_("Object"), SUBJECTS),
        Choice("actor", N_("By"), searchable=True, of_people=True),
        PROJECT,
    ),
    dates=N_("Time"),
)

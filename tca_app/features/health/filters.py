"""The parameters of the URL of the list of checks, and the filter by component of other lists."""

from tca_app.core.language.messages import N_
from tca_app.core.lists.query import PROJECT, Choice, TableSpec

COMPONENT = Choice("component", N_("Component"), searchable=True)
STATES = (
    ("failing", N_("Down")),
    ("unknown", N_("Unknown")),
    ("maintenance", N_("Maintenance")),
    ("passing", N_("Operational")),
    ("paused", N_("Paused")),
    ("off", N_("Off")),
)
KINDS = (("environment", N_("Environment")), ("part", N_("Component")), ("service", N_("Service")))
CHECKS = TableSpec(
    sorts=("attention", "name", "state", "kind", "project", "latency", "since", "last_at", "certificate_until"),
    default_sort="attention",
    name="checks",
    optional=("state", "kind", "project", "latency", "since", "last_at", "certificate_until"),
    choices=(Choice("state", N_("Status"), STATES), Choice("kind", N_("Type"), KINDS), PROJECT),
)

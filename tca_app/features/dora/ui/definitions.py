"""What each DORA metric means, how it is computed, and the limits of its levels, as the page shows them."""

from typing import NamedTuple

from tca_app.core.language.messages import N_


class Definition(NamedTuple):
    label: str
    formula: str
    counts: str
    levels: str


DEFINITIONS = (
    Definition(
        N_("Deployment frequency"),
        N_("Deployments that succeeded ÷ days of the period."),
        N_("Each deployment counts on the day (UTC) on which it ended. Projects in the trash do not count."),
        N_("For the average project with deployments. Elite: at least 1 a day. High: 1 a week. Medium: 1 in 30 days."),
    ),
    Definition(
        N_("Lead time"),
        N_("Median of (end of the first successful deployment of a commit − time of the commit)."),
        N_("Once for each commit and environment. Commits without a known time are left out."),
        N_("Elite: at most 1 day. High: 1 week. Medium: 30 days."),
    ),
    Definition(
        N_("Change failure rate"),
        N_("Deployments that failed or were rolled back ÷ deployments that succeeded or failed."),
        N_("Only deployments that started. What was cancelled or never started is left out."),
        N_("Elite: at most 5%. High: 10%. Medium: 15%."),
    ),
    Definition(
        N_("Time to restore"),
        N_("Median of (end of the next good deployment − end of the first bad one), by environment."),
        N_("Each outage counts on the day on which it ended. One that still lasts is left out."),
        N_("Elite: at most 1 hour. High: 1 day. Medium: 1 week."),
    ),
)
LEVELS_SOURCE = N_("Thresholds from the clusters of the {source} by DORA.")

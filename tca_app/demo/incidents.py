"""Demo incidents, and the notes that people wrote about them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoIncident:
    """An incident of the demo. `notes` are texts, each with whether it is public."""

    days_ago: int
    minutes: int
    reason: str
    notes: tuple[tuple[str, bool], ...] = ()


WORKING_HOURS = (6, 8, 9, 10, 11, 13, 14, 15, 16, 19)  # hours; most incidents happen in working hours

# Key of the component to its incident.
PART_INCIDENTS = (
    (
        "disk",
        DemoIncident(
            71,
            134,
            "4% of 100 GiB free",
            (
                ("A backup of April was never removed. Deleted it, 61 GiB free.", False),
                ("An alert at 15 % comes first from now on.", False),
            ),
        ),
    ),
    (
        "mail",
        DemoIncident(
            38,
            47,
            "12 mails failed and will be retried",
            (("The mail provider answers 421, their status page says so too. Nothing is lost.", False),),
        ),
    ),
    (
        "redis",
        DemoIncident(
            9,
            6,
            "Redis is unreachable (ConnectionError); running without it",
            (("Restarted for its update, as announced.", False),),
        ),
    ),
    (
        "jobs",
        DemoIncident(
            3, 18, "412 waiting, 0 dead, 75 s behind", (("The nightly import; a second worker runs now.", False),)
        ),
    ),
)
# One for each production environment, as far as they go.
ENVIRONMENT_INCIDENTS = (
    DemoIncident(
        1,
        23,
        "HTTP 502",
        (
            ("The new version came up without its configuration. Rolling back.", False),
            ("Requests failed for some minutes after an update. We have taken it back and everything works.", True),
        ),
    ),
    DemoIncident(
        6,
        52,
        "no response within 5 s",
        (
            ("Pages are slow or do not load. We know why and are on it.", True),
            ("A missing index on orders; the migration of this morning dropped it.", False),
            ("Solved: a query that had become slow is fast again.", True),
        ),
    ),
    DemoIncident(
        12,
        9,
        "HTTP 503",
        (("Three of four pods were evicted at once. A disruption budget is set now.", False),),
    ),
    DemoIncident(
        19,
        186,
        "certificate verify failed: certificate has expired",
        (
            ("The renewal job had been failing for a month and told nobody.", False),
            ("Browsers warned of our certificate. It is renewed.", True),
        ),
    ),
    DemoIncident(27, 14, "HTTP 500", (("A feature flag without a default. Fixed forward.", False),)),
    DemoIncident(
        45, 31, "the host cannot be found", (("A zone was edited by hand. DNS changes need a review now.", False),)
    ),
    DemoIncident(58, 11, "HTTP 502"),
    DemoIncident(
        83, 64, "no response within 5 s", (("The provider's network in one region, nothing on our side.", True),)
    ),
)

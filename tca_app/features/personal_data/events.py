"""Events of personal data."""

from tca_app.core.events.log import Event
from tca_app.core.language.messages import N_


class PersonalDataExported(Event):
    """`subject` is the person whose data it is."""

    type = "personal_data_exported"
    subject_type = "user"
    title = N_("{actor} exported the personal data of {subject}")
    own_title = N_("{actor} exported their personal data")


class UserErased(Event):
    """`subject` is the erased account, named by its id only.

    `erasure` marks the events that lost personal data; `events` is their number and `digest` the hash of their seals
    (core.events.verify). `was_in_trash`: the account did not count as a user any more.
    """

    type = "user_erased"
    subject_type = "user"
    title = N_("{actor} erased the account of {subject}")
    own_title = N_("{actor} erased their account")

    erasure: str
    events: int
    digest: str
    was_in_trash: bool

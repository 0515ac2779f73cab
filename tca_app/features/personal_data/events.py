"""Events of personal data."""

from tca_app.core.events.log import Event


class PersonalDataExported(Event):
    """`subject` is the person whose data it is."""

    type = "personal_data_exported"
    subject_type = "user"
    title = "{actor} exported the personal data of {subject}"

"""Events about user accounts."""

from tca_app.core.events.log import NOTIFYING, Event


class _UserEvent(Event):
    """`subject` is the user."""

    subject_type = "user"


class UserCreated(_UserEvent):
    type = "user_created"
    title = "{actor} created the user {subject}"
    consumers = NOTIFYING


class UserUpdated(_UserEvent):
    type = "user_updated"
    title = "{actor} changed the user {subject}"
    consumers = NOTIFYING


class UserActivated(_UserEvent):
    type = "user_activated"
    title = "{actor} activated {subject}"


class UserDeactivated(_UserEvent):
    type = "user_deactivated"
    title = "{actor} deactivated {subject}"


class UserDeleted(_UserEvent):
    type = "user_deleted"
    title = "{actor} moved {subject} to the trash"


class UserRestored(_UserEvent):
    type = "user_restored"
    title = "{actor} restored {subject}"


class UserPurged(_UserEvent):
    type = "user_purged"
    title = "{subject} was permanently deleted after 30 days in the trash"


class PasswordChanged(_UserEvent):
    type = "password_changed"
    title = "{actor} changed the password of {subject}"
    consumers = NOTIFYING

"""Events about user accounts."""

from typing import Self

from tca_app.core.display_name import display_name
from tca_app.core.events.log import NOTIFYING, Event
from tca_app.core.language.messages import N_
from tca_app.features.users.schemas import UserRead


class _UserEvent(Event):
    """`subject` is the user."""

    subject_type = "user"

    @classmethod
    def of(cls, user: UserRead) -> Self:
        return cls(subject_id=user.id, subject_name=display_name(user))


class UserCreated(_UserEvent):
    type = "user_created"
    title = N_("{actor} created the user {subject}")
    consumers = NOTIFYING


class UserUpdated(_UserEvent):
    type = "user_updated"
    title = N_("{actor} changed the user {subject}")
    own_title = N_("{actor} changed their account")
    consumers = NOTIFYING


class UserActivated(_UserEvent):
    type = "user_activated"
    title = N_("{actor} activated {subject}")


class UserDeactivated(_UserEvent):
    type = "user_deactivated"
    title = N_("{actor} deactivated {subject}")


class UserDeleted(_UserEvent):
    type = "user_deleted"
    title = N_("{actor} moved {subject} to the trash")


class UserRestored(_UserEvent):
    type = "user_restored"
    title = N_("{actor} restored {subject}")


class UserPurged(_UserEvent):
    type = "user_purged"
    title = N_("{subject} was permanently deleted from the trash")


class UserPictureChanged(_UserEvent):
    type = "user_picture_changed"
    title = N_("{actor} changed the picture of {subject}")
    own_title = N_("{actor} changed their picture")


class UserPictureRemoved(_UserEvent):
    type = "user_picture_removed"
    title = N_("{actor} removed the picture of {subject}")
    own_title = N_("{actor} removed their picture")


class PasswordChanged(_UserEvent):
    type = "password_changed"
    title = N_("{actor} changed the password of {subject}")
    own_title = N_("{actor} changed their password")
    consumers = NOTIFYING

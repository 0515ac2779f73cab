"""Events of comments. They name the deployment and the comment, and never have its text, which can be deleted."""

from tca_app.core.events.log import NOTIFYING
from tca_app.core.language.messages import N_
from tca_app.features.deployments.events import DeploymentEvent


class _CommentEvent(DeploymentEvent):
    comment_id: int


class DeploymentCommented(_CommentEvent):
    type = "deployment_commented"
    title = N_("{actor} commented on the deployment of {subject}")


class CommentEdited(_CommentEvent):
    type = "deployment_comment_edited"
    title = N_("{actor} edited a comment on the deployment of {subject}")


class CommentDeleted(_CommentEvent):
    """`author_id` is the account that wrote the comment."""

    type = "deployment_comment_deleted"
    title = N_("{actor} deleted a comment on the deployment of {subject}")

    author_id: int | None


class PersonMentioned(_CommentEvent):
    """A comment mentions a person, who is notified. An edit that adds a mention emits it too."""

    type = "person_mentioned"
    title = N_("{actor} mentioned {user_name} in a comment on the deployment of {subject}")
    consumers = NOTIFYING

    user_id: int
    user_name: str

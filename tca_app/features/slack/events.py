"""Events of a project's Slack channel. None of them contains the URL."""

from tca_app.core.language.messages import N_
from tca_app.features.projects.events import ProjectEvent


class SlackConnected(ProjectEvent):
    type = "slack_connected"
    title = N_("{actor} connected {subject} to Slack")


class SlackChanged(ProjectEvent):
    """`channel` is "another one" when the URL was replaced."""

    type = "slack_changed"
    title = N_("{actor} changed the Slack channel of {subject}")


class SlackRemoved(ProjectEvent):
    type = "slack_removed"
    title = N_("{actor} disconnected {subject} from Slack")

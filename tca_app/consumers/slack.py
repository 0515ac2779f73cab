"""Posts one event to the Slack channel behind SLACK_WEBHOOK_URL, when somebody concerned wants that."""

from procrastinate.jobs import Job

from tca_app.config import get_settings
from tca_app.core.consumers import read_event
from tca_app.core.db import reading
from tca_app.core.events import sentence
from tca_app.core.http import call
from tca_app.core.jobs import Dead, task
from tca_app.features.notifications.kinds import link_of


@task("send_slack", "delivery_queue")
async def send_slack(_job: Job, event_id: int) -> None:
    """Slack's own Retry-After is honoured, and while Slack is away it is left alone (row FT-7)."""
    settings = get_settings()
    url = settings.slack_webhook_url.get_secret_value()
    if not url:
        raise Dead("SLACK_WEBHOOK_URL is not set any more")
    async with reading() as session:
        event = await read_event(session, event_id)
    words = _escaped(sentence(event.type, actor=event.actor_name, subject=event.subject_name, data=event.data))
    path = link_of(event)
    text = f"{words} <{settings.public_url}{path}|Open>" if path else words
    await call("POST", url, json={"text": text})


def _escaped(text: str) -> str:
    """Slack reads these three as markup (https://docs.slack.dev/messaging/formatting-message-text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

"""Posts one event to one Slack channel: of its project, or SLACK_WEBHOOK_URL for events of the console."""

import structlog
from procrastinate.jobs import Job

from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading, transaction
from tca_app.core.events.consumers import read_event
from tca_app.core.events.log import RecordedEvent, sentence
from tca_app.core.jobs.queue import ExpectedFailure, PermanentFailure, task
from tca_app.core.language.messages import _
from tca_app.core.outgoing.http import call
from tca_app.core.security.encryption import DecryptionError
from tca_app.features.notifications.content import path_of
from tca_app.features.notifications.reader import EVERYBODY
from tca_app.features.slack import service as slack

log = structlog.get_logger(__name__)


@task(slack.TASK, "delivery_queue")
async def send_slack(_job: Job, event_id: int | None = None, project_id: int | None = None) -> None:
    """Post an event. Without an event it is a test, tried once; without a project it goes to the console's channel."""
    if project_id is None:
        await _post_for_console(event_id)
        return
    try:
        await _post_for_project(project_id, event_id)
    except (ExpectedFailure, DecryptionError) as error:
        await _note(project_id, str(error))
        if isinstance(error, DecryptionError):
            raise PermanentFailure(str(error)) from error
        if event_id is not None:
            raise
    else:
        await _note(project_id, "")


async def _post_for_console(event_id: int | None) -> None:
    url = get_settings().slack_webhook_url.get_secret_value()
    event = await _find_event(event_id)
    if not url or event is None or not slack.is_of_console(event):
        log.info("slack.nothing_to_post", event_id=event_id)
        return
    await call("POST", url, json={"text": text_of(event)})


async def _post_for_project(project_id: int, event_id: int | None) -> None:
    event = await _find_event(event_id)
    async with reading() as session:
        channel = await slack.find_url(session, project_id)
    if channel is None:
        log.info("slack.no_channel", project_id=project_id)
        return
    name, url = channel
    await call("POST", url, json={"text": text_of(event) if event else _test_of(project_id, name)})


async def _find_event(event_id: int | None) -> RecordedEvent | None:
    if event_id is None:
        return None
    async with reading() as session:
        return await read_event(session, event_id)


async def _note(project_id: int, error: str) -> None:
    async with transaction() as session:
        await slack.note_result(session, project_id, error)


def text_of(event: RecordedEvent) -> str:
    """Return the sentence of the event with a link to its subject, in the language of the instance for all readers."""
    with EVERYBODY.addressed():
        words = sentence(event.type, actor=event.actor_name, subject=event.subject_name, data=event.data)
        path = path_of(event)
        return f"{_escaped(words)} {_link(path)}" if path else _escaped(words)


def _test_of(project_id: int, name: str) -> str:
    with EVERYBODY.addressed():
        words = _("This is a test: messages about {project} arrive here.", project=name)
        return f"{_escaped(words)} {_link(f'/projects/{project_id}')}"


def _link(path: str) -> str:
    return f"<{get_settings().public_url}{path}|{_('Open')}>"


def _escaped(text: str) -> str:
    """Escape the three markup characters of Slack (https://docs.slack.dev/messaging/formatting-message-text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

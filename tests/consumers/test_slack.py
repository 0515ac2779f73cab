"""Each message is posted once per channel and links to its subject; a project posts to its own channel."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.core.events.log import emit
from tca_app.core.jobs.queue import enqueue
from tca_app.core.outgoing import http
from tca_app.core.outgoing.http import close_http
from tca_app.features.deployments.schemas import DeploymentStep
from tca_app.features.deployments.service import step_deployment
from tca_app.features.health.events import HealthDegraded
from tca_app.features.projects import service as projects, team
from tca_app.features.projects.schemas import ProjectUpdate, TeamMember
from tca_app.features.slack import service as slack
from tca_app.features.slack.schemas import SlackRead, SlackUpdate
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserCreate
from tests.factories import PASSWORD, do_jobs, make_admin, make_deployment, make_project, make_user, run
from tests.sinks import HttpSink


@pytest.fixture
async def sink(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpSink]:
    """Slack, on a host that the operator allows."""
    monkeypatch.setattr(http, "FIRST_WAIT_S", 0.0)
    async with HttpSink() as running:
        monkeypatch.setattr(get_settings(), "outbound_allowed_hosts", [f"127.0.0.1:{running.port}"])
        yield running
    await close_http()


async def connect(sink: HttpSink, actor: Actor, project_id: int, path: str, *topics: Any) -> None:
    given: dict[str, Any] = {"topics": list(topics)} if topics else {}
    data = SlackUpdate(url=f"{sink.url}/services/{path}", **given)
    await run(slack.update_channel, actor, project_id, data)


async def failed_deployment(project_id: int, actor: Actor) -> int:
    deployment_id = await make_deployment(project_id, status="in_progress")
    await run(step_deployment, actor, deployment_id, DeploymentStep(status="failed", reason="Exit code 1"))
    return deployment_id


def posted(sink: HttpSink) -> list[tuple[str, str]]:
    return [(request.path, request.json()["text"]) for request in sink.got]


async def channel(actor: Actor, project_id: int) -> SlackRead:
    return await run(slack.read_channel, actor, project_id)


async def left() -> list[tuple[Any, ...]]:
    async with reading() as session:
        rows = await session.execute(text("SELECT task_name, status::text, attempts FROM procrastinate_jobs"))
        return [tuple(row) for row in rows]


async def test_a_message_is_posted_once_however_many_people_it_concerns(sink: HttpSink) -> None:
    ana, bo, cy = await make_user("ana"), await make_user("bob"), await make_user("cleo")
    project_id = await make_project(ana, "Billing <b> & co", slug="billing", team={bo: "maintainer", cy: "maintainer"})
    await connect(sink, ana, project_id, "billing")
    deployment_id = await failed_deployment(project_id, bo)
    await do_jobs()
    link = f"<{get_settings().public_url}/deployments/{deployment_id}|Open>"
    message = f"The deployment of Billing &lt;b&gt; &amp; co 1.0.0 to production failed {link}"
    assert posted(sink) == [("/services/billing", message)]
    found = await channel(ana, project_id)
    assert (found.error, found.sent_at is None) == ("", False)
    assert await left() == []


async def test_a_project_posts_what_it_chose_to_its_own_channel_alone(
    sink: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "slack_webhook_url", SecretStr(f"{sink.url}/services/console"))
    ana = await make_user("ana")
    one, two, three = [await make_project(ana, name) for name in ("One", "Two", "Three")]
    await connect(sink, ana, one, "one")
    await connect(sink, ana, two, "two", "health")
    for project_id in (one, two, three):
        await failed_deployment(project_id, ana)
        degraded = HealthDegraded(
            subject_id=1, subject_name="Web", project_id=project_id, incident_id=1, reason="HTTP 502"
        )
        await run(emit, None, degraded)
    await do_jobs()
    assert sorted((path, words.split(" <")[0]) for path, words in posted(sink)) == [
        ("/services/one", "The deployment of One 1.0.0 to production failed"),
        ("/services/one", "Web is down: HTTP 502"),
        ("/services/two", "Web is down: HTTP 502"),
    ]


async def test_a_deployment_that_succeeds_is_posted_too(sink: HttpSink) -> None:
    ana = await make_user("ana")
    project_id = await make_project(ana, "Billing")
    await connect(sink, ana, project_id, "billing")
    deployment_id = await make_deployment(project_id, status="in_progress")
    await run(step_deployment, ana, deployment_id, DeploymentStep(status="succeeded"))
    await do_jobs()
    assert posted(sink)[0][1].startswith("The deployment of Billing 1.0.0 to production succeeded <")


async def test_the_channel_of_the_console_gets_events_of_the_console_only(
    sink: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "slack_webhook_url", SecretStr(f"{sink.url}/services/console"))
    root, ana = await make_admin("root"), await make_user("ana")
    await make_admin("other")
    project_id = await make_project(ana, "Billing")
    await run(emit, None, HealthDegraded(subject_id=1, subject_name="Redis", incident_id=1, reason="no answer"))
    made = await run(users.create_user, root, UserCreate(email="k@example.com", username="kim", password=PASSWORD))
    await run(team.add_member, ana, project_id, TeamMember(user_id=made.id, role="viewer"))
    await run(projects.update_project, ana, project_id, ProjectUpdate(status="archived"))
    await do_jobs()
    url = get_settings().public_url
    assert sorted(posted(sink)) == [
        ("/services/console", f"Redis is down: no answer <{url}/incidents/1|Open>"),
        ("/services/console", f"Root created the user kim <{url}/users/{made.id}|Open>"),
    ]


async def test_slack_says_when_to_come_back(sink: HttpSink) -> None:
    ana = await make_user("ana")
    project_id = await make_project(ana, "Billing")
    await connect(sink, ana, project_id, "billing")
    sink.answers, sink.headers = [429, 200], {"Retry-After": "1800"}
    await failed_deployment(project_id, ana)
    await do_jobs()
    assert await left() == [("send_slack", "todo", 1)]
    assert (await channel(ana, project_id)).error == f"127.0.0.1:{sink.port} answered 429"
    async with transaction() as session:
        due = text("SELECT scheduled_at > now() + interval '29 minutes' FROM procrastinate_jobs")
        assert (await session.execute(due)).scalar_one()
        await session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = now()"))
    await do_jobs()
    assert len(sink.got) == 2
    assert (await channel(ana, project_id)).error == ""
    assert await left() == []


async def test_a_url_that_slack_revoked_is_not_tried_again_and_its_error_is_kept(sink: HttpSink) -> None:
    ana = await make_user("ana")
    project_id = await make_project(ana, "Billing")
    await connect(sink, ana, project_id, "billing")
    sink.answers = [404]
    await failed_deployment(project_id, ana)
    await do_jobs()
    assert await left() == [("send_slack", "failed", 1)]
    found = await channel(ana, project_id)
    assert (found.error, found.sent_at) == (f"127.0.0.1:{sink.port} answered 404", None)


@pytest.mark.parametrize(("code", "error"), [(200, ""), (500, "answered 500"), (404, "answered 404")])
async def test_a_test_message_is_tried_once_and_its_result_is_kept(sink: HttpSink, code: int, error: str) -> None:
    ana = await make_user("ana")
    project_id = await make_project(ana, "Billing")
    await connect(sink, ana, project_id, "billing")
    sink.answers = [code]
    await run(slack.send_test, ana, project_id)
    await do_jobs()
    link = f"<{get_settings().public_url}/projects/{project_id}|Open>"
    assert posted(sink) == [("/services/billing", f"This is a test: messages about Billing arrive here. {link}")]
    found = await channel(ana, project_id)
    assert found.error.endswith(error)
    assert (found.sent_at is not None, bool(found.error)) == (code == 200, code != 200)
    assert await left() == []


async def test_what_waits_for_a_channel_that_was_removed_is_dropped(sink: HttpSink) -> None:
    ana = await make_user("ana")
    project_id = await make_project(ana, "Billing")
    await connect(sink, ana, project_id, "billing")
    await failed_deployment(project_id, ana)
    await run(slack.remove_channel, ana, project_id)
    await do_jobs()
    assert sink.got == []
    assert await left() == []


async def test_a_message_of_before_the_upgrade_does_not_reach_the_channel_of_the_console(
    sink: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "slack_webhook_url", SecretStr(f"{sink.url}/services/console"))
    ana = await make_user("ana")
    await failed_deployment(await make_project(ana, "Billing"), ana)
    async with transaction() as session:
        event_id = (await session.execute(text("SELECT max(id) FROM events"))).scalar_one()
        await enqueue(session, slack.TASK, event_id=event_id)
    await do_jobs()
    assert sink.got == []

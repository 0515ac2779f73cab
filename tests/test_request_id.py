"""One request id in everything that a call causes: event, jobs, mail, calls to other services, log."""

from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading
from tca_app.core.events.log import emit
from tca_app.core.outgoing.http import close_http
from tca_app.core.telemetry.log import request_id_var
from tca_app.features.projects.events import MemberAdded
from tca_app.ui.handlers import CALL, handler
from tca_app.ui.session import SessionState
from tests.factories import bearer, do_jobs, make_project, make_user, run
from tests.logs import lines_of, written_log
from tests.sinks import HttpSink
from tests.ui.harness import Tab, console_on, sign_in


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[HttpSink]:
    """Stands for the services of the operator; mails are files."""
    async with HttpSink() as sink:
        monkeypatch.setattr(get_settings(), "data_dir", tmp_path)
        for name in ("analytics", "notification"):
            monkeypatch.setattr(get_settings(), f"{name}_service_url", sink.url)
        yield sink
        await close_http()


def mails() -> list[EmailMessage]:
    files = (get_settings().data_dir / "mail").iterdir()
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]  # type: ignore[misc]


def added(project_id: int, user_id: int) -> MemberAdded:
    about = {"subject_id": project_id, "subject_name": "X", "project_id": project_id}
    return MemberAdded(**about, user_id=user_id, user_name="Bo", role="viewer")


async def events() -> list[str]:
    async with reading() as session:
        return list(
            (await session.execute(text("SELECT request_id FROM events WHERE type = 'member_added'"))).scalars()
        )


def about(lines: list[dict[str, Any]], request_id: str) -> list[str]:
    """What the log says under that id, without repetitions."""
    return sorted({line.get("task") or line["event"] for line in lines if line.get("request_id") == request_id})


async def test_one_id_from_a_rest_call_to_the_mail(api: httpx.AsyncClient, service: HttpSink) -> None:
    owner, bo = await make_user(), await make_user("bob")
    project_id = await make_project(owner)
    header = await bearer(owner)
    await do_jobs()  # of the sign-in
    service.got.clear()
    with written_log() as log:
        body = {"user_id": bo.user_id, "role": "viewer"}
        answer = await api.post(f"/api/v1/projects/{project_id}/members", json=body, headers=header)
        await do_jobs()
    request_id = answer.headers["x-request-id"]
    assert (answer.status_code, len(request_id)) == (201, 16)
    assert await events() == [request_id]
    assert about(lines_of(log), request_id) == [
        "call_service",
        "consume_analytics",
        "consume_notifications",
        "consume_streams",
        "mail.written",
        "request",
        "send_mail",
    ]
    assert [mail["X-Request-Id"] for mail in mails()] == [request_id]
    assert {request.headers["x-request-id"] for request in service.got} == {request_id}
    assert {item["request_id"] for request in service.got for item in request.json()["items"]} == {request_id}


class Inviting(SessionState):
    """A handler that sets something off."""

    @handler("signed_in")
    async def invite(self, project_id: int, user_id: int) -> None:
        event = MemberAdded(
            subject_id=project_id,
            subject_name="X",
            project_id=project_id,
            user_id=user_id,
            user_name="Bo",
            role="viewer",
        )
        await run(emit, self._as_actor(), event)
        SEEN.append(CALL.get().request_id)


SEEN: list[str] = []


async def test_one_id_from_a_click_to_the_mail(service: HttpSink) -> None:
    owner, bo = await make_user(), await make_user("bob")
    project_id = await make_project(owner)
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "t1", await sign_in(owner))
        await tab.hydrate()
        await tab.send(Inviting.invite, project_id=project_id, user_id=bo.user_id)
    await do_jobs()
    assert await events() == SEEN
    assert [mail["X-Request-Id"] for mail in mails()] == SEEN


async def test_a_batch_of_several_requests_acts_under_the_jobs_id_and_names_them(service: HttpSink) -> None:
    owner, bo = await make_user(), await make_user("bob")
    project_id = await make_project(owner)
    for number in range(3):
        request_id_var.set(f"req-{number}")
        event = MemberAdded(
            subject_id=project_id,
            subject_name="X",
            project_id=project_id,
            user_id=bo.user_id,
            user_name="Bo",
            role="viewer",
        )
        await run(emit, owner, event)
    request_id_var.set("")
    with written_log() as log:
        await do_jobs()
    wanted = {"req-0", "req-1", "req-2"}
    batches = [line for line in lines_of(log) if line["event"] == "consumer.batch"]
    assert batches
    assert all(set(line["request_ids"]) <= wanted and line["request_id"].startswith("job-") for line in batches)
    # Mails are about one event each, so each has the id of its own request; so has each item of a call.
    assert {mail["X-Request-Id"] for mail in mails()} == wanted
    assert {item["request_id"] for request in service.got for item in request.json()["items"]} == wanted
    ids = {request.headers["x-request-id"] for request in service.got}
    assert all(name in wanted or name.startswith("job-") for name in ids)

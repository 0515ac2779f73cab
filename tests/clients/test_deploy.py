"""`tca deploy` and `tca rollback`: what the console has afterwards, and how the command ends."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, select

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.features.deployments.approvals import approve_deployment, refuse_deployment
from tca_app.features.deployments.schemas import Approval, DeploymentStep, Refusal
from tca_app.features.deployments.service import step_deployment
from tca_app.models import Deployment, DeploymentLog, Environment, FreezeWindow
from tca_client import Unreachable, calls
from tca_client.command import process
from tests.clients.conftest import LOST, Command
from tests.factories import (
    deployment_events,
    make_deployment,
    make_freeze,
    make_project,
    make_token,
    make_user,
    run,
    until,
)

HELLO = ("--", "sh", "-c", "echo one; echo two >&2; printf three")


@pytest.fixture
async def owner() -> Actor:
    return await make_user("ana")


@pytest.fixture
async def ledger(owner: Actor, tca: Command) -> int:
    """A project, of which `tca` has a token."""
    project_id = await make_project(owner, "Ledger")
    tca.use((await make_token(owner, project_id))[1])
    return project_id


def deploy(*options: str, command: tuple[str, ...] = HELLO) -> tuple[str, ...]:
    return "deploy", "--project", "ledger", "--environment", "production", "--version", "1.4.2", *options, *command


async def deployments() -> list[Deployment]:
    async with transaction() as session:
        return list((await session.execute(select(Deployment).order_by(Deployment.id))).scalars())


async def lines() -> list[str]:
    async with transaction() as session:
        return list((await session.execute(select(DeploymentLog.line).order_by(DeploymentLog.seq))).scalars())


async def states() -> list[str | None]:
    return [status for _, status in await deployment_events()]


async def protect(project_id: int) -> None:
    async with transaction() as session:
        rows = await session.execute(select(Environment).where(Environment.project_id == project_id))
        for row in rows.scalars():
            row.is_protected = True


async def test_a_deployment_is_reported_from_start_to_end_with_its_output(tca: Command, ledger: int) -> None:
    assert await tca(*deploy("--commit", "9f1c2ab", "--ref", "main")) == 0
    assert await states() == ["queued", "in_progress", "succeeded"]
    assert await lines() == ["one", "two", "three"]
    assert tca.out == "one\ntwo\nthree"
    (row,) = await deployments()
    assert (row.version, row.commit_sha, row.ref, row.source) == ("1.4.2", "9f1c2ab", "main", "api")
    assert tca.said.splitlines() == [
        f"tca: Deployment {row.id}: 1.4.2 to production, http://localhost/deployments/{row.id}",
        f"tca: Deployment {row.id} succeeded",
    ]


@pytest.mark.parametrize(
    ("command", "code", "reason"),
    [
        (("sh", "-c", "exit 3"), 3, "Exit code 3"),
        (("sh", "-c", "kill -9 $$"), 137, "Ended by SIGKILL"),
        (("./deploy.sh",), 127, "./deploy.sh was not found"),
        (("/",), 126, "/ cannot be executed: Permission denied"),
    ],
)
async def test_a_failure_is_reported_with_its_reason_and_exit_code(
    tca: Command, ledger: int, command: tuple[str, ...], code: int, reason: str
) -> None:
    assert await tca(*deploy(command=("--", *command))) == code
    (row,) = await deployments()
    assert (row.status, row.reason) == ("failed", reason)


async def test_the_command_knows_what_it_deploys(tca: Command, ledger: int) -> None:
    script = "echo $TCA_PROJECT $TCA_ENVIRONMENT $TCA_VERSION $TCA_DEPLOYMENT"
    assert await tca(*deploy(command=("--", "sh", "-c", script))) == 0
    assert await lines() == [f"ledger production 1.4.2 {(await deployments())[0].id}"]


async def test_ten_thousand_lines_arrive_in_order(tca: Command, ledger: int) -> None:
    assert await tca(*deploy(command=("--", "seq", "1", "10000"))) == 0
    assert await lines() == [str(number) for number in range(1, 10_001)]


async def test_lost_responses_change_nothing(tca: Command, ledger: int) -> None:
    """The first response to every call is lost after its effect."""
    seen: set[tuple[str, str, bytes]] = set()

    def lose(request: httpx.Request) -> None:
        call = (request.method, request.url.path, request.content)
        if call not in seen:
            seen.add(call)
            raise LOST

    tca.transport.after = lose
    assert await tca(*deploy()) == 0
    assert await states() == ["queued", "in_progress", "succeeded"]
    assert await lines() == ["one", "two", "three"]
    assert "Warning" not in tca.said


async def test_secrets_of_the_job_are_not_in_the_log(
    tca: Command, ledger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NPM_TOKEN", "npm-12345678")
    monkeypatch.setenv("DEPLOY_PRIVATE_KEY", "-----BEGIN KEY-----\nabcdefghijkl\n-----END KEY-----")
    monkeypatch.setenv("LICENCE", "licence-of-acme")
    monkeypatch.setenv("DATABASE_URL", "postgresql://ledger:pg-12345678@db/ledger")
    script = (
        'echo "$NPM_TOKEN and $TCA_TOKEN"; echo "$DEPLOY_PRIVATE_KEY"; echo "$LICENCE" "$DATABASE_URL"; '
        "echo ::add-mask::hunter2hunter2; echo with hunter2hunter2"
    )
    assert await tca(*deploy("--mask", "LICENCE", command=("--", "sh", "-c", script))) == 0
    assert await lines() == ["*** and ***", "***", "***", "***", "*** postgresql://ledger:***@db/ledger", "with ***"]
    assert "npm-12345678" in tca.out


async def test_progress_bars_and_long_lines_are_shortened(tca: Command, ledger: int) -> None:
    script = r"import sys; sys.stdout.buffer.write(b'10%\r50%\r100%\r\n' + b'x' * 10_001 + b'\n\0\xff')"
    assert await tca(*deploy(command=("--", sys.executable, "-c", script))) == 0
    assert await lines() == ["100%", "x" * 10_000, "x", "\ufffd"]


async def test_what_the_command_leaves_running_is_not_waited_for(
    tca: Command, ledger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "DRAIN_S", 0.1)
    assert await tca(*deploy(command=("--", "sh", "-c", "echo started; sleep 20 & echo $! > pid"))) == 0
    assert await lines() == ["started"]
    os.kill(int((tca.folder / "pid").read_text()), signal.SIGKILL)


@pytest.fixture
async def awaiting(tca: Command, ledger: int, listening: Any) -> tuple[asyncio.Task[int], int]:
    """`tca deploy` to a protected environment, while it waits for somebody; and the number of the deployment."""
    await protect(ledger)
    task = asyncio.create_task(tca(*deploy(command=("--", "touch", "deployed"))))
    await until(lambda: task.done() or any("wait" in request.url.params for request in tca.transport.requests))
    return task, int((await deployments())[0].id or 0)


async def test_it_waits_for_an_approval(tca: Command, awaiting: tuple[asyncio.Task[int], int], owner: Actor) -> None:
    task, number = awaiting
    await run(approve_deployment, owner, number, Approval())
    assert await task == 0
    assert (await states())[-2:] == ["in_progress", "succeeded"]
    assert "This deployment awaits approval. Waiting." in tca.said


async def test_a_refusal_ends_it_with_the_reason(
    tca: Command, awaiting: tuple[asyncio.Task[int], int], owner: Actor
) -> None:
    task, number = awaiting
    await run(refuse_deployment, owner, number, Refusal(reason="Not on a Friday"))
    assert await task == 1
    assert tca.said.splitlines()[-1] == "tca: This deployment was refused: Not on a Friday"
    assert not tca.has_file("deployed")


async def test_it_waits_for_the_end_of_a_freeze(tca: Command, ledger: int, monkeypatch: pytest.MonkeyPatch) -> None:
    await make_freeze(ledger)
    thaw = _from_thread(_thaw)
    monkeypatch.setattr(calls, "sleep", lambda _: thaw())
    assert await tca(*deploy()) == 0
    assert "Christmas Waiting." in tca.said
    assert await states() == ["queued", "in_progress", "succeeded"]


async def test_a_console_that_goes_away_during_a_freeze_is_waited_for(
    tca: Command, ledger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_freeze(ledger)
    monkeypatch.setattr("tca_client.command.main.PATIENCE_AT_START_S", 0)
    pauses = iter([lambda: setattr(tca.transport, "before", unreachable), _from_thread(_thaw), tca.transport.reconnect])
    monkeypatch.setattr(calls, "sleep", lambda _: next(pauses)())
    assert await tca(*deploy()) == 0
    assert "Connection refused. Waiting." in tca.said
    assert await states() == ["queued", "in_progress", "succeeded"]


async def _thaw() -> None:
    async with transaction() as session:
        await session.execute(delete(FreezeWindow))


async def test_it_waits_for_the_deployment_before_it(
    tca: Command, ledger: int, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await make_deployment(ledger, status="in_progress")
    end = _from_thread(lambda: run(step_deployment, owner, other, DeploymentStep(status="failed")))
    monkeypatch.setattr(calls, "sleep", lambda _: end())
    assert await tca(*deploy()) == 0
    assert "Another deployment to this environment is in progress. Waiting." in tca.said


def _from_thread(act: Callable[[], Awaitable[Any]]) -> Callable[[], None]:
    """Something that the loop of the test does while the command, in its thread, waits for it."""
    loop = asyncio.get_running_loop()

    async def acting() -> None:
        await act()

    return lambda: asyncio.run_coroutine_threadsafe(acting(), loop).result(30)


@pytest.mark.parametrize("status", ["pending_approval", "in_progress", "frozen"])
async def test_it_gives_up_after_the_time_to_wait(tca: Command, ledger: int, status: str) -> None:
    if status == "pending_approval":
        await protect(ledger)
    elif status == "frozen":
        await make_freeze(ledger)
    else:
        await make_deployment(ledger, status=status)
    assert await tca(*deploy("--wait", "0", command=("--", "touch", "deployed"))) == 75
    assert not tca.has_file("deployed")
    assert tca.said.rstrip().endswith("It did not start within the time to wait.")
    ours = [row.status for row in await deployments() if row.version == "1.4.2"]
    assert ours == ([] if status == "frozen" else ["cancelled"])


def unreachable(_: httpx.Request) -> None:
    raise httpx.ConnectError("Connection refused")


async def test_without_the_console_the_deployment_goes_on_and_is_reported_afterwards(
    tca: Command, ledger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tca_client.command.main.PATIENCE_AT_START_S", 0)
    tca.transport.before = unreachable
    command = ("--", sys.executable, "-c", "print('deployed')")

    started = process.Stops.of

    def start_and_be_back(stops: process.Stops, start: Any) -> Any:
        tca.transport.reconnect()
        return started(stops, start)

    monkeypatch.setattr(process.Stops, "of", start_and_be_back)
    assert await tca(*deploy(command=command)) == 0
    assert "cannot be reached: Connection refused. The deployment goes on" in tca.said
    (row,) = await deployments()
    assert (row.status, row.reason) == ("succeeded", "")
    assert row.started_at is not None
    assert row.finished_at is not None
    assert row.started_at < row.finished_at
    assert await lines() == ["deployed"]


async def test_without_the_console_a_required_report_stops_the_deployment(
    tca: Command, ledger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tca_client.command.main.PATIENCE_S", 0)
    tca.transport.before = unreachable
    assert await tca(*deploy("--required", command=("--", "touch", "deployed"))) == 69
    assert not tca.has_file("deployed")
    assert tca.said == "tca: http://localhost cannot be reached: Connection refused.\n"


async def test_a_console_that_goes_away_meanwhile_changes_nothing_for_the_command(
    tca: Command, ledger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tca_client.command.main.PATIENCE_AT_START_S", 0)

    def gone_after_the_start(request: httpx.Request) -> None:
        if b"in_progress" in request.content:
            tca.transport.before = unreachable

    tca.transport.after = gone_after_the_start
    assert await tca(*deploy()) == 0
    assert tca.out == "one\ntwo\nthree"
    assert "Warning: The log is incomplete" in tca.said
    assert "Warning: The result was not recorded" in tca.said


async def test_a_console_that_fails_is_not_called_over_and_over(
    tca: Command, ledger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = 0

    def fail(request: httpx.Request) -> None:
        nonlocal failed
        if request.url.path.endswith("/logs"):
            failed += 1
            (tca.folder / "failed").touch()
            raise Unreachable("The console failed")

    tca.transport.before = fail
    script = "echo one; until test -e failed; do sleep 0.01; done; sleep 0.1; echo two"
    assert await tca(*deploy(command=("--", "sh", "-c", script))) == 0
    assert failed == 2  # in the meantime, and at the end
    assert "Warning: The log is incomplete: The console failed" in tca.said


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"--project": "nothing"}, 1, "not found"),
        ({"--environment": "nowhere"}, 1, "The project has no environment with this name."),
        ({"--version": "x" * 256}, 1, "/version"),
    ],
)
async def test_what_the_console_refuses_is_one_line_and_never_runs(
    tca: Command, ledger: int, options: dict[str, str], code: int, words: str
) -> None:
    named = {"--project": "ledger", "--environment": "production", "--version": "1"} | options
    arguments = [part for pair in named.items() for part in pair]
    assert await tca("deploy", *arguments, "--", "touch", "deployed") == code
    assert words.lower() in tca.said.lower()
    assert len(tca.said.splitlines()) == 1
    assert not tca.has_file("deployed")


async def test_a_wrong_token_or_none_or_no_address_is_said(
    tca: Command, ledger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TCA_TOKEN", "tca_wrong")
    assert await tca(*deploy(command=("--", "touch", "deployed"))) == 77
    monkeypatch.delenv("TCA_TOKEN")
    assert await tca(*deploy()) == 78
    assert tca.said == "tca: Set TCA_TOKEN to an API token of http://localhost, or run `tca login http://localhost`.\n"
    monkeypatch.setenv("TCA_URL", "localhost:8000")
    assert await tca(*deploy()) == 78
    monkeypatch.delenv("TCA_URL")
    assert await tca(*deploy()) == 78
    assert tca.said == "tca: Set TCA_URL to the address of the console, or run `tca login`.\n"
    assert await tca("deploy", "--project", "ledger") == 2
    assert not tca.has_file("deployed")


async def test_what_has_an_id_of_its_own_is_deployed_once(tca: Command, ledger: int) -> None:
    again = deploy("--external-id", "run-17", command=("--", "touch", "deployed"))
    assert await tca(*again) == 0
    tca.remove("deployed")
    assert await tca(*again) == 1
    assert "already succeeded" in tca.said
    assert not tca.has_file("deployed")
    assert len(await deployments()) == 1


async def test_a_rollback_is_carried_out_by_the_command(tca: Command, ledger: int) -> None:
    await make_deployment(ledger, status="succeeded", version="1.0.0")
    await make_deployment(ledger, status="succeeded", version="2.0.0")
    script = ("--", "sh", "-c", "echo back to $TCA_VERSION")
    assert await tca("rollback", "--project", "ledger", "--environment", "production", *script) == 0
    assert "Rollback of production: 2.0.0 to 1.0.0" in tca.said
    assert await lines() == ["back to 1.0.0"]
    assert (await deployments())[-1].status == "succeeded"


async def test_a_rollback_without_a_command_is_for_ci_and_one_job_carries_it_out(tca: Command, ledger: int) -> None:
    await make_deployment(ledger, status="succeeded", version="1.0.0")
    await make_deployment(ledger, status="succeeded", version="2.0.0")
    assert await tca("rollback", "--project", "ledger", "--environment", "production") == 0
    asked = (await deployments())[-1]
    assert f"Deployment {asked.id} is requested; CI carries it out." in tca.said
    job = ("deploy", "--project", "ledger", "--deployment", str(asked.id), "--", "touch", "deployed")
    assert await tca(*job) == 0
    tca.remove("deployed")
    assert await tca(*job) == 1
    assert not tca.has_file("deployed")


async def test_there_may_be_nothing_to_go_back_to(tca: Command, ledger: int) -> None:
    rollback = ("rollback", "--project", "ledger", "--environment", "production")
    assert await tca(*rollback) == 1
    assert tca.said == "tca: Nothing was deployed to production of ledger yet.\n"
    await make_deployment(ledger, status="succeeded")
    assert await tca(*rollback) == 1
    assert tca.said == "tca: There is no earlier deployment to this environment.\n"

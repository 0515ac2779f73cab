"""Redis lost, hung or unreachable loses no request, event, mail or figure."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import httpx
import pytest

from tests.faults.check import nothing_is_missing, streams_have_all
from tests.faults.load import Acks, joined, reached, write
from tests.processes import Cluster, Web, eventually, sign_in
from tests.sinks import MailSink

WRITES = int(os.environ.get("FAULT_WRITES", "160"))
# As in production: with limits, which ask Redis at each request.
LIMITS = {"RATE_LIMIT_API": "100000/minute", "RATE_LIMIT_LOGIN": "1000/minute"}


@pytest.fixture(scope="module")
def webs(stores: Cluster) -> list[Web]:
    """Two web replicas and two workers that all of these tests leave alive."""
    started = [stores.web(wait=False, **LIMITS) for _ in range(2)]
    for _ in range(2):
        stores.worker()
    for web in started:
        web.wait()
    return started


@contextmanager
def hung(stores: Cluster) -> Iterator[None]:
    """It takes connections and does not answer."""
    pid = stores.redis_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def down(stores: Cluster) -> Iterator[None]:
    os.kill(stores.redis_pid(), signal.SIGKILL)
    try:
        yield
    finally:
        stores.redis_server.start()


def test_a_redis_that_loses_everything_costs_nothing(
    stores: Cluster, webs: list[Web], sink: MailSink, acks: Acks
) -> None:
    """Redis is emptied, then killed and restarted, all of it under load; no event is missing."""
    writing = write(webs, sign_in(webs[0].url), acks, WRITES)
    reached(writing, acks, WRITES // 4)
    with stores.redis() as client:
        client.flushall()
    reached(writing, acks, WRITES // 2)
    with down(stores):
        reached(writing, acks, WRITES * 5 // 8)
    joined(writing, acks)
    assert [code for writer in writing for code in writer.statuses if code >= 500] == []
    stores.drained(60 + WRITES / 25)
    for process in stores.processes:
        process.must_run()
    nothing_is_missing(stores, acks, sink)
    assert "Appended" in stores.command("replay-stream")
    streams_have_all(stores)


@pytest.mark.parametrize("fault", [hung, down])
def test_rest_goes_on_without_redis(
    stores: Cluster, webs: list[Web], acks: Acks, fault: Callable[..., AbstractContextManager[None]]
) -> None:
    """Reads, writes and sign-ins keep working while Redis is unreachable."""
    web = webs[0]
    header = sign_in(web.url)
    with fault(stores), httpx.Client(base_url=web.url, headers=header, timeout=10) as client:
        writing = write(webs, header, acks, 80)
        answers = [client.get(path).status_code for _ in range(25) for path in ("/api/v1/projects", "/api/v1/users")]
        joined(writing, acks)
        assert sign_in(web.url)
        assert client.get("/health/live").status_code == 200
        assert is_degraded(web)
    assert set(answers) == {200}
    assert {code for writer in writing for code in writer.statuses} <= {200, 201}
    assert len(acks.rows) > 40
    for process in stores.processes:
        process.must_run()
    eventually(lambda: not is_degraded(web), "Redis is back")


def is_degraded(web: Web) -> bool:
    answer = httpx.get(f"{web.url}/health/ready", timeout=10)
    assert answer.status_code == 200, "a console without Redis is ready"
    return bool(answer.json()["checks"]["redis"]["status"] != "ok")

"""Jobs of a dead worker are taken over, those of a live one are not, and a worker stops on request."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg
import pytest

from tca_app.core.jobs.queue import QUEUE_NAMES
from tests.factories import PASSWORD
from tests.processes import START_S, Cluster, Web, Worker, eventually, sign_in
from tests.sinks import MailSink

TAKEOVER_S = 2.0  # JOB_TAKEOVER_SECONDS of the tests


@pytest.fixture(scope="module")
def web(stores: Cluster) -> Web:
    return stores.web()


@pytest.fixture(autouse=True)
def _own_workers(stores: Cluster, sink: MailSink) -> Iterator[None]:
    """Those of the test before are gone; those of this one go at its end."""
    workers_are(stores, 0)
    yield
    sink.gate.set()
    for process in stores.processes:
        if process.command == "worker" and process.is_running():
            process.kill()


def workers_are(stores: Cluster, number: int) -> None:
    eventually(lambda: stores.living_workers() == number, f"{number} workers are alive", START_S)


def begin_a_mail(stores: Cluster, web: Web, sink: MailSink, username: str) -> None:
    """A job that cannot end before the sink lets it."""
    header = sign_in(web.url)  # so the first administrator is there, and their own mail is sent
    stores.drained()
    sink.begun.clear()
    sink.got.clear()
    sink.gate.clear()
    create_user(web, username, header)
    in_the_middle_of(sink, 1)


def create_user(web: Web, username: str, header: dict[str, str]) -> None:
    body = {"username": username, "email": f"{username}@example.com", "password": PASSWORD}
    with httpx.Client(base_url=web.url, headers=header, timeout=10) as client:
        assert client.post("/api/v1/users", json=body).status_code == 201


def in_the_middle_of(sink: MailSink, mails: int) -> None:
    eventually(lambda: len(sink.begun) >= mails, f"{mails} mails are being sent")


def is_connected(worker: Worker, sink: MailSink) -> bool:
    port = urlsplit(sink.url).port
    connections = psutil.Process(worker.pid).net_connections("tcp")
    return any(one.raddr and one.raddr.port == port for one in connections)


def test_the_jobs_of_a_killed_worker_are_taken_over(stores: Cluster, web: Web, sink: MailSink) -> None:
    """Nobody does anything meanwhile: the other worker finds out by itself."""
    workers = [stores.worker() for _ in range(2)]
    workers_are(stores, 2)  # before the mail, which waits ten seconds for its server: as long as a start may take
    begin_a_mail(stores, web, sink, "bo1")
    (killed,) = (worker for worker in workers if is_connected(worker, sink))
    (other,) = (worker for worker in workers if worker is not killed)
    killed.kill()
    began = monotonic()
    eventually(lambda: "job.taken_over" in other.said(), "the other worker takes over")
    print(f"taken over {monotonic() - began:.1f} s after the kill")  # noqa: T201 - shown by -s
    in_the_middle_of(sink, 2)
    sink.gate.set()
    stores.drained()
    assert len(sink.got) == len(set(sink.begun)) == 1


def test_a_slow_job_of_a_living_worker_is_not_taken(stores: Cluster, web: Web, sink: MailSink) -> None:
    for _ in range(2):
        stores.worker()
    workers_are(stores, 2)
    begin_a_mail(stores, web, sink, "cy1")
    start = stores.sql("SELECT now()")[0][0]
    # By the database's clock and by every heart: three times the setting, and still beating.
    beats = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > %s + make_interval(secs => %s)"
    eventually(lambda: stores.sql(beats, start, 3 * TAKEOVER_S) == [(2 * len(QUEUE_NAMES),)], "time passes")
    sink.gate.set()
    stores.drained()
    assert len(sink.begun) == 1


def test_a_worker_that_is_asked_to_end_finishes_its_job_first(stores: Cluster, web: Web, sink: MailSink) -> None:
    worker = stores.worker()
    begin_a_mail(stores, web, sink, "di1")
    worker.send(signal.SIGTERM)
    sink.gate.set()
    assert worker.exit_code() == 0
    assert "Traceback" not in worker.said()
    assert len(sink.begun) == 1
    assert stores.sql("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'send_mail'") == [(0,)]


@contextmanager
def no_database(stores: Cluster) -> Iterator[None]:
    """Connections are cut and new ones refused, as while a server is restarted."""
    with psycopg.connect(stores.admin_url, autocommit=True) as server:
        server.execute(f"ALTER DATABASE {stores.database} ALLOW_CONNECTIONS false")
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [stores.database])
        try:
            yield
        finally:
            server.execute(f"ALTER DATABASE {stores.database} ALLOW_CONNECTIONS true")


def test_a_worker_survives_the_loss_of_its_database(stores: Cluster, web: Web, sink: MailSink) -> None:
    worker = stores.worker()
    workers_are(stores, 1)
    for number in range(2):
        with no_database(stores):
            losses = number + 1
            eventually(lambda: worker.said().count("job.worker_lost_database") >= losses, "the worker notices")  # noqa: B023
        worker.must_run()
        eventually(web.is_ready, "the web process is back")
        create_user(web, f"el{number}", sign_in(web.url))
        stores.drained()
        workers_are(stores, 1)
    assert "never retrieved" not in worker.said()
    worker.send(signal.SIGTERM)
    assert worker.exit_code() == 0

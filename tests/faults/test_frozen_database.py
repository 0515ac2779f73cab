"""A frozen PostgreSQL under a running console: responses in time, and recovery when it resumes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import httpx
import psycopg
import pytest

from tca_app.core.stores.servers import PostgresServer
from tests.processes import SETTINGS, Web, eventually, free_port, frozen_postgres, sign_in

LIMIT_S = 10.0  # two by design; the rest is for a machine that does much at once
PATHS = ("/api/v1/projects", "/api/v1/users", "/api/v1/users/me", "/health/ready")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """`make run` with jobs and stores of its own."""
    home = tmp_path_factory.mktemp("frozen")
    running = Web("serve", "serve", home, SETTINGS | {"DATA_DIR": str(home), "PORT": str(free_port())})
    running.start()
    yield running
    running.stop()


def test_every_answer_comes_in_time_and_the_console_recovers(console: Web) -> None:
    home = Path(console.settings["DATA_DIR"])
    header = sign_in(console.url)
    with httpx.Client(base_url=console.url, headers=header, timeout=30) as client, ThreadPoolExecutor(24) as crowd:

        def ask(number: int) -> tuple[httpx.Response, float]:
            began = monotonic()
            if number % 4 == 3:
                answer = client.post("/api/v1/projects", json={"name": f"Project {number}"})
            else:
                answer = client.get(PATHS[number % len(PATHS)])
            return answer, monotonic() - began

        assert [answer.status_code for answer, _ in crowd.map(ask, range(24))].count(503) == 0
        with frozen_postgres(home):
            answers = list(crowd.map(ask, range(24, 96)))
            live = client.get("/health/live")
        assert live.status_code == 200
        # What this process still knows for a second or two is answered from memory.
        assert {answer.status_code for answer, _ in answers} <= {200, 503}
        assert {answer.status_code for answer, _ in answers if answer.request.method == "POST"} == {503}
        refusals = [answer for answer, _ in answers if answer.status_code == 503 and "/health" not in answer.url.path]
        assert all(answer.headers.get("Retry-After") for answer in refusals)
        assert max(took for _, took in answers) < LIMIT_S
        began = monotonic()
        eventually(console.is_ready, "the console is ready again", 10)
        assert monotonic() - began < 5
        again = [answer.status_code for answer, _ in crowd.map(ask, range(96, 192))]
        assert set(again) == {200, 201}
    with psycopg.connect(PostgresServer(home).start(durable=True), autocommit=True) as connection:
        left = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
        eventually(lambda: connection.execute(left).fetchone() == (0,), "the jobs are done", 60)
    console.must_run()

"""The examples of the documentation run."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tca_app.config.settings import get_settings
from tca_app.core.events.log import CATALOGUE, NOTIFYING
from tca_app.core.jobs import queue, worker
from tca_app.features.projects import events, service as projects
from tca_app.features.projects.schemas import ProjectCreate, ProjectUpdate
from tests.factories import do_jobs, make_user, run

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


@pytest.fixture
def client() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(get_settings().redis_url.get_secret_value(), decode_responses=True) as found:
        found.delete("project_events", "billing:seen")
        yield found
        found.delete("project_events", "billing:seen")


async def test_a_consumer_group_reads_each_event_once(client: redis.Redis) -> None:
    example: dict[str, Any] = {}
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "streams.md").read_text(), re.DOTALL)
    exec(code, example)
    ana = await make_user("ana")
    made = await run(projects.create_project, ana, ProjectCreate(name="Billing"))
    await run(projects.update_project, ana, made.id, ProjectUpdate(status="paused"))
    await do_jobs()
    example["join"](client)
    example["join"](client)  # a second process
    handled: list[dict[str, str]] = []
    assert example["read"](client, "one", handled.append, block_ms=10) == 2
    assert [fields["type"] for fields in handled] == ["project_created", "project_updated"]
    client.xadd("project_events", handled[0])  # delivered again
    assert example["read"](client, "two", handled.append, block_ms=10) == 1
    assert len(handled) == 2


@pytest.mark.parametrize("page", ["webhooks.md", "services.md"])
def test_the_times_of_another_attempt_are_those_of_the_code(page: str) -> None:
    waits = ", ".join(f"{queue.FIRST_WAIT_S * 2**n:g}" for n in range(4))
    text = " ".join((DOCS / page).read_text().split())
    assert f"{queue.MAX_ATTEMPTS_UNREACHABLE} " in text
    assert f"{waits} … seconds, at most an hour" in text
    assert queue.MAX_WAIT_S == 3600
    assert f"looked for every {worker.POLL_S:g} seconds" in text


def test_the_event_of_the_contributors_guide_is_one() -> None:
    (code,) = re.findall(r"```python\n(class ProjectStarred.*?)```", CONTRIBUTING, re.DOTALL)
    try:
        exec(code, {**vars(events)})
        assert CATALOGUE["project_starred"].title == "{actor} starred {subject}"
        assert set(NOTIFYING) > set(CATALOGUE["project_starred"].consumers)
    finally:
        CATALOGUE.pop("project_starred", None)


def test_the_topics_of_the_contributors_guide_are_those_of_the_screens() -> None:
    (listed,) = re.findall(r"The\stopics:\s(.*?)\.\n", CONTRIBUTING, re.DOTALL)
    screens = "".join(path.read_text() for path in (ROOT / "tca_app" / "features").rglob("ui/*.py"))
    watched = re.findall(r"_watch\(\w+\.\w+, (.*)\)", screens)
    topics = {topic.partition(":")[0] for call in watched for topic in re.findall(r'"([a-z_]+(?::\{)?)', call)}
    assert {topic.partition(":")[0] for topic in re.findall(r"`([^`]+)`", listed)} == topics

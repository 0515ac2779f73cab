"""Upgrades an earlier commit to this version under load, as docs/upgrading.md says, and goes back.

It takes minutes, so `make test` leaves it out. `make upgrade-test` runs it, from UPGRADE_FROM.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tca_app.core.database.revisions import own_revision
from tests.nginx import nginx
from tests.processes import Cluster, Process, Web, Worker, cluster, eventually, free_port, sign_in
from tests.upgrade.checkouts import NEXT_REVISION, Checkout, NoHistory, earlier, this_one
from tests.upgrade.load import Load

COMMIT = os.environ.get("UPGRADE_FROM", "")

pytestmark = [
    pytest.mark.skipif(not COMMIT, reason="minutes long: `make upgrade-test`"),
    pytest.mark.timeout(3600),
]


@pytest.fixture
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """With an empty database: the earlier version makes its own schema."""
    url = f"http://localhost:{free_port()}"
    settings = {"PUBLIC_URL": url, "TRUSTED_PROXY_HOPS": "1"}
    with cluster(tmp_path_factory.mktemp("upgrade"), **settings) as running:
        running.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        yield running


@pytest.fixture
def old(tmp_path: Path) -> Checkout:
    try:
        return earlier(COMMIT, tmp_path / "old")
    except NoHistory as error:
        pytest.skip(f"this clone does not have {COMMIT}: {error}")


@pytest.fixture
def new(tmp_path: Path) -> Checkout:
    return this_one(tmp_path / "new", own_revision())


def _start(process: Process, version: Checkout, **waiting: bool) -> None:
    """Ends what runs, as a supervisor does, and starts this version in its place."""
    process.stop()
    process.root, process.python = version.root, version.python  # type: ignore[misc]
    process.start(**waiting)


def _report(phase: str, load: Load) -> None:
    print(f"{phase}: {load.counts}, {len(load.failures)} failed", flush=True)  # noqa: T201 - shown by -s


def _ready(web: Web) -> int:
    return httpx.get(f"{web.url}/health/ready", timeout=10).status_code


def _schema(stores: Cluster) -> tuple[str, str]:
    ((revision, oldest_code),) = stores.sql("SELECT version_num, oldest_code FROM alembic_version")
    return revision, oldest_code


def test_no_request_fails_during_a_rolling_upgrade_and_on_the_way_back(
    stores: Cluster, old: Checkout, new: Checkout
) -> None:
    for version in (old, new):
        version.command("build-pages", **stores.settings)
    old.command("migrate", **stores.settings)
    before, _ = _schema(stores)
    ports = [str(free_port()), str(free_port())]
    one, two = (Web("web", f"web{port}", stores.home, stores.settings | {"PORT": port}) for port in ports)
    worker = Worker("worker", "worker", stores.home, stores.settings)
    stores.processes += [one, two, worker]
    _start(worker, old)
    for web in (one, two):
        _start(web, old, wait=False)
    for web in (one, two):
        web.wait()
    url = stores.settings["PUBLIC_URL"]
    with nginx(int(url.rpartition(":")[2]), ports):
        eventually(lambda: httpx.get(f"{url}/health/live").status_code == 200, "nginx answers")
        with Load(url, sign_in(url)) as load:
            eventually(lambda: load.counts["write"] > 20, "the load is there")
            new.command("migrate", **stores.settings)
            assert _schema(stores)[0] == NEXT_REVISION
            assert [_ready(web) for web in (one, two)] == [200, 200]
            _report(f"{before} is {NEXT_REVISION} now", load)
            _start(one, old)  # a process of the version before can start again
            _report("an old replica has started again", load)
            for process in (worker, one, two):
                _start(process, new)
            _report("the new version serves", load)
            for process in (one, two, worker):
                _start(process, old)  # and back, while the schema stays
            final = sum(load.counts.values())
            eventually(lambda: sum(load.counts.values()) > final + 100, "the version before serves again")
    _report("the version before serves again", load)
    stored = dict(stores.sql("SELECT id, description FROM projects"))
    assert {number: stored.get(number) for number in load.written} == load.written
    assert not load.failures, load.failures[:10]
    stores.drained()
    assert "intact" in new.command("verify-log", **stores.settings)

"""Two web replicas and two workers behind Debian's nginx, as in docs/replicas.md."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import browser, in_a_thread, playwright_  # noqa: F401 - fixtures
from tests.features.auth.oauth.provider import CLIENT_ID, CLIENT_SECRET
from tests.features.ci.issuer import Issuer
from tests.nginx import nginx
from tests.processes import Cluster, Web, cluster, eventually, free_port, sign_in


@pytest.fixture(autouse=True)
def _fresh_limits(replicas: "Replicas") -> None:
    """All of it comes from one address."""
    with replicas.cluster.redis() as client:
        for key in client.scan_iter("*limits*", count=1000):
            client.delete(key)


@dataclass
class Replicas:
    """`url` is nginx; `one` and `two` stand behind it. `provider` signs people in, and is an issuer of CI jobs too."""

    url: str
    one: Web
    two: Web
    cluster: Cluster
    nginx_home: Path
    provider: Issuer

    @property
    def admin(self) -> httpx.Client:
        """A script of the administrator, through nginx."""
        return httpx.Client(base_url=self.url, headers=sign_in(self.url), timeout=10)


@pytest.fixture(scope="package")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    nginx_port, ports = free_port(), [str(free_port()), str(free_port())]
    url = f"http://localhost:{nginx_port}"
    origins = [url, *(f"http://localhost:{port}" for port in ports)]
    settings = {"PUBLIC_URL": url, "ALLOWED_ORIGINS": ",".join(origins), "TRUSTED_PROXY_HOPS": "1"}
    settings["RATE_LIMIT_LOGIN"] = "10/minute"
    with ExitStack() as ending:
        provider = ending.enter_context(in_a_thread(Issuer()))
        settings |= {"OIDC_ISSUER": provider.url, "OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET}
        settings["OUTBOUND_ALLOWED_HOSTS"] = provider.url.removeprefix("http://")
        running = ending.enter_context(cluster(tmp_path_factory.mktemp("replicas"), **settings))
        one, two = (running.web(PORT=port, wait=False) for port in ports)
        for _ in range(2):
            running.worker()
        for web in (one, two):
            web.wait()
        home = ending.enter_context(nginx(nginx_port, ports))
        eventually(lambda: httpx.get(f"{url}/health/live").status_code == 200, "nginx answers")
        eventually(lambda: running.living_workers() == 2, "both workers are there")
        yield Replicas(url, one, two, running, home, provider)


@pytest.fixture
def new_page(browser: Browser, replicas: Replicas) -> Iterator[Callable[[], Page]]:  # noqa: F811
    """Opens a browser of its own each time."""
    with ExitStack() as open_contexts:

        def open_one() -> Page:
            context = browser.new_context(base_url=replicas.url)
            open_contexts.callback(context.close)
            context.set_default_timeout(20_000)
            return context.new_page()

        yield open_one

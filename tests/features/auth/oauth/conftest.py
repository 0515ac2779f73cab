"""Sign-in at a provider as a browser goes through it."""

from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp

from tca_app.config.settings import get_settings
from tca_app.core.instance import keep
from tca_app.core.outgoing.openid import get_issuer
from tca_app.features.auth.oauth import github
from tests.features.auth.oauth.provider import CLIENT_ID, CLIENT_SECRET, FakeProvider

OIDC, GITHUB = "/api/auth/oauth/oidc", "/api/auth/oauth/github"


@pytest.fixture
async def provider(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeProvider]:
    """Both providers, as the settings name them. New accounts are allowed."""
    async with FakeProvider() as running:
        values = {
            "oidc_issuer": running.url,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": SecretStr(CLIENT_SECRET),
            "oidc_label": "Acme",
            "github_client_id": CLIENT_ID,
            "github_client_secret": SecretStr(CLIENT_SECRET),
            "outbound_allowed_hosts": [running.url.removeprefix("http://")],
        }
        for name, value in values.items():
            monkeypatch.setattr(get_settings(), name, value)
        monkeypatch.setattr(github, "API", running.url)
        monkeypatch.setattr(github, "TOKEN", f"{running.url}/token")
        get_issuer.cache_clear()
        keep({"sign_up": "provider"})
        yield running
        keep({})


class Browser:
    """A browser with its cookies. `reason` is why the last sign-in was refused."""

    def __init__(self, edge: ASGIApp, provider: FakeProvider) -> None:
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url=get_settings().public_url)
        self.provider = provider

    async def start(self, path: str = OIDC, **query: str) -> str:
        """Returns where the browser is sent."""
        answer = await self.client.get(f"{path}/start", params=query, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def come_back(self, location: str, path: str = OIDC, **query: str) -> httpx.Response:
        """The person agrees at the provider, which sends the browser back."""
        state = parse_qs(urlsplit(location).query)["state"][0]
        params = {"state": state, "code": self.provider.sign_in(location)} | query
        return await self.client.get(f"{path}/callback", params=params)

    async def sign_in(self, path: str = OIDC, **query: str) -> str:
        """Returns the page where it ends."""
        answer = await self.come_back(await self.start(path, **query), path)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    @property
    def is_signed_in(self) -> bool:
        return "sid" in self.client.cookies


@pytest.fixture
async def new_browser(edge: ASGIApp, provider: FakeProvider) -> Callable[[], Browser]:
    return lambda: Browser(edge, provider)


@pytest.fixture
async def browser(new_browser: Callable[[], Browser]) -> Browser:
    return new_browser()

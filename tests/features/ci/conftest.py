"""The issuer of ID tokens that the tests trust, and the exchange as a job does it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tca_app.config.settings import get_settings
from tca_app.core.outgoing.openid import get_issuer
from tca_app.core.security.rate_limits import get_limits
from tca_app.features.ci.schemas import GRANT, ID_TOKEN
from tests.features.ci.issuer import Issuer


@pytest.fixture
async def issuer(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Issuer]:
    async with Issuer() as running:
        monkeypatch.setattr(get_settings(), "outbound_allowed_hosts", [running.url.removeprefix("http://")])
        monkeypatch.delitem(get_limits()._rates, "token_exchange")  # all tests have one address
        get_issuer.cache_clear()
        yield running


async def ask(api: httpx.AsyncClient, token: str, project: object, **fields: str) -> httpx.Response:
    """Exchanges an ID token as a job does."""
    form = {"grant_type": GRANT, "subject_token_type": ID_TOKEN, "subject_token": token, "audience": str(project)}
    return await api.post("/api/auth/token-exchange", data=form | fields)


async def token_for(api: httpx.AsyncClient, token: str, project: object) -> dict[str, str]:
    """The header with the token that a job gets."""
    answer = await ask(api, token, project)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}

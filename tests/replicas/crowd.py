"""Many requests at once, half of them to each replica, each from an address of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.processes import Web
from tests.replicas.conftest import Replicas

CROWD = 20
_addresses = count(1)


def from_anywhere() -> dict[str, str]:
    """An address for each request: rate limits are per address, and another test's subject."""
    number = next(_addresses)
    return {"X-Forwarded-For": f"203.0.{number // 250}.{number % 250 + 1}"}


def at_once(replicas: Replicas, call: Callable[[Web, int], httpx.Response]) -> list[httpx.Response]:
    """What each of twenty calls got."""
    with ThreadPoolExecutor(CROWD) as crowd:
        webs = (replicas.one, replicas.two)
        return list(crowd.map(lambda number: call(webs[number % 2], number), range(CROWD)))


@dataclass
class Traveller:
    """A browser on its way through a sign-in at the provider: it may come back to either replica."""

    replicas: Replicas
    cookies: dict[str, str] = field(default_factory=dict)
    location: str = ""

    def start(self, web: Web, **query: str) -> "Traveller":
        answer = self._get(web, "start", **query)
        self.cookies |= dict(answer.cookies)
        self.location = answer.headers["location"]
        return self

    @property
    def way_back(self) -> dict[str, str]:
        """The state and a code, as the provider gives them to this browser."""
        state = parse_qs(urlsplit(self.location).query)["state"][0]
        return {"state": state, "code": self.replicas.provider.sign_in(self.location)}

    def come_back(self, web: Web, query: dict[str, str] | None = None) -> str:
        """The page where it ends; a refusal is the reason alone."""
        answer = self._get(web, "callback", **(query or self.way_back))
        assert answer.status_code == 303, answer.text
        page = urlsplit(answer.headers["location"])
        if page.path != "/login":
            self.cookies |= dict(answer.cookies)
            return page.path
        return parse_qs(page.query)["reason"][0]

    def _get(self, web: Web, call: str, **query: str) -> httpx.Response:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = from_anywhere() | {"Cookie": cookies, "Sec-Fetch-Site": "same-origin"}
        url = f"{web.url}/api/auth/oauth/oidc/{call}"
        return httpx.get(url, params=query, headers=headers, timeout=30)


def json_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return dict(answer.json())

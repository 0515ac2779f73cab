"""Where the address and the token come from: the environment, the CI job's ID token, or `tca login`."""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import httpx

from tca_client.calls import TIMEOUT_S, Calls, Token
from tca_client.errors import NotSignedIn, Problem, TcaError, Unreachable

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105  the name of a kind
REFUSED = "token_exchange_refused"
MAX_ID_TOKENS = 20
EARLY_S = 60  # a token is replaced this long before it expires
Environment = Mapping[str, str]


class NoCredentials(TcaError):
    """Nothing says which console, or who calls it."""


@dataclass(frozen=True)
class Credentials:
    url: str
    token: Token = field(repr=False)
    source: str


def find_credentials(
    environment: Environment, project: str = "", url: str = "", transport: httpx.BaseTransport | None = None
) -> Credentials:
    """Return the console and the token. `TCA_TOKEN` counts first, then the ID token of a CI job, then `tca login`.

    The ID token of a job is exchanged for a token of `project`. Raises NoCredentials.
    """
    saved = read_saved()
    url = (url or environment.get("TCA_URL", "") or saved.get("url", "")).rstrip("/")
    if not url:
        raise NoCredentials("Set TCA_URL to the address of the console, or run `tca login`.")
    require_address(url)
    if token := environment.get("TCA_TOKEN", "").strip():
        return Credentials(url, token, "TCA_TOKEN")
    if project and (id_tokens := id_tokens_of(environment, url)):
        return Credentials(url, ExchangedToken(url, project, id_tokens, transport), "the ID token of this job")
    if saved.get("url") == url and saved.get("token"):
        return Credentials(url, saved["token"], "tca login")
    raise NoCredentials(f"Set TCA_TOKEN to an API token of {url}, or run `tca login {url}`.")


def require_address(url: str) -> None:
    """Raises NoCredentials for what is no address of a console."""
    try:
        parts = urlsplit(url)
        is_fine = parts.scheme in ("http", "https") and parts.hostname and not parts.username and not parts.query
    except ValueError:
        is_fine = False
    if not is_fine:
        raise NoCredentials(f"{url} is no address of a console: it begins with https://, without user name or query.")


class GivenTokens:
    """ID tokens that are in variables, as in GitLab. Each is used once; several make a long job possible."""

    is_new = False  # an earlier command of the job may have used it

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens

    def take(self) -> str | None:
        return self._tokens.pop(0) if self._tokens else None


@dataclass(frozen=True)
class GitHubTokens:
    """ID tokens that GitHub Actions issues, one for each request."""

    url: str
    secret: str = field(repr=False)
    audience: str
    is_new = True

    def take(self) -> str:
        headers = {"Authorization": f"Bearer {self.secret}", "Accept": "application/json"}
        try:
            url = httpx.URL(self.url).copy_merge_params({"audience": self.audience})
            answer = httpx.get(url, headers=headers, timeout=TIMEOUT_S).raise_for_status()
            return str(answer.json()["value"])
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as failed:
            raise Unreachable(f"GitHub issued no ID token: {type(failed).__name__}.") from None


IdTokens = GivenTokens | GitHubTokens


def id_tokens_of(environment: Environment, audience: str) -> IdTokens | None:
    """Return where this job has ID tokens from: `TCA_ID_TOKEN`, `TCA_ID_TOKEN_2` and so on, or GitHub Actions.

    None outside of both, and for a job of GitHub without the permission `id-token: write`.
    """
    names = ["TCA_ID_TOKEN", *(f"TCA_ID_TOKEN_{number}" for number in range(2, MAX_ID_TOKENS + 1))]
    if given := [environment[name].strip() for name in names if environment.get(name, "").strip()]:
        return GivenTokens(given)
    url, secret = (environment.get(f"ACTIONS_ID_TOKEN_REQUEST_{name}", "") for name in ("URL", "TOKEN"))
    return GitHubTokens(url, secret, audience) if url and secret else None


class ExchangedToken:
    """A token of the console for the ID token of a CI job. It lasts minutes, so another one is exchanged in time.

    The console accepts each ID token once.
    """

    def __init__(
        self, url: str, project: str, id_tokens: IdTokens, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._url, self._project, self._id_tokens, self._transport = url, project, id_tokens, transport
        self._token, self._expires = "", 0.0
        self._lock = Lock()

    def __call__(self) -> str:
        with self._lock:
            if time.monotonic() > self._expires - EARLY_S:
                answer = self._exchange()
                self._token, self._expires = answer["access_token"], time.monotonic() + answer["expires_in"]
            return self._token

    def _exchange(self) -> dict[str, Any]:
        refusal: TcaError = NoCredentials("This job has no ID token left: each one is good for a quarter of an hour.")
        while (id_token := self._id_tokens.take()) is not None:
            form = {"grant_type": EXCHANGE, "subject_token": id_token, "subject_token_type": ID_TOKEN}
            try:
                with Calls(self._url, transport=self._transport) as calls:
                    whole = form | {"audience": self._project}
                    answer: dict[str, Any] = calls._json("POST", "/api/auth/token-exchange", form=whole)
                    return answer
            except Problem as refused:
                if refused.code != REFUSED:
                    raise
                refusal = NotSignedIn(401, refused.code, refused.detail, refused.request_id)
                if self._id_tokens.is_new:
                    break
        raise refusal


def config_file() -> Path:
    """Return where `tca login` keeps what it saves."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "tca" / "credentials.json"


def read_saved() -> dict[str, str]:
    """Return `url` and `token` of the last `tca login`, or nothing."""
    try:
        saved = json.loads(config_file().read_text())
    except (OSError, ValueError):
        return {}
    return {name: str(value) for name, value in saved.items()} if isinstance(saved, dict) else {}


def save(url: str, token: str) -> Path:
    """Write the file, which only its owner may read."""
    path = config_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"url": url, "token": token}, file)
    return path


def forget() -> bool:
    """Remove the file. Returns whether there was one."""
    path = config_file()
    is_there = path.exists()
    path.unlink(missing_ok=True)
    return is_there


def sign_in(
    url: str,
    username: str,
    password: str,
    ask_code: Callable[[], str],
    new_token: Mapping[str, object],
    transport: httpx.BaseTransport | None = None,
) -> str:
    """Sign a person in, create the API token `new_token`, and sign out. Returns the token.

    `ask_code` is called when a second factor is needed. Raises Problem for a wrong password or code.
    """
    with Calls(url, transport=transport) as calls:
        try:
            answer = calls._json("POST", "/api/auth/login", body={"username": username, "password": password})
        except Problem as refused:
            challenge = (refused.body.get("second_factor") or {}).get("challenge")
            if challenge is None:
                raise
            given = {"challenge": challenge, "code": ask_code()}
            answer = calls._json("POST", "/api/auth/login/second-factor", body=given)
    with Calls(url, answer["access_token"], transport=transport) as calls:
        try:
            return str(calls._json("POST", "/api/v1/tokens", body=new_token)["token"])
        finally:
            calls._call("POST", "/api/auth/logout")

"""What `tca` takes from the environment of a CI job: the ID token instead of a secret, and facts of the deployment."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from tca_app.config.settings import get_settings
from tca_client import NotSignedIn
from tca_client.command.jobs import facts_of_job
from tca_client.credentials import (
    ExchangedToken,
    GitHubTokens,
    NoCredentials,
    find_credentials,
)
from tests.clients.conftest import URL as CONSOLE, Command
from tests.factories import deployment_events, make_project, make_trust, make_user
from tests.features.ci.issuer import GITLAB_JOB, Issuer

URL = "https://console.example.com"
DEPLOY = ("deploy", "--project", "ledger", "--environment", "production", "--version", "1.4.2", "--", "true")


class Exchange:
    """The console's token exchange: takes each ID token once, or never."""

    def __init__(self, *known: str, expires_in: int = 900) -> None:
        self.known, self.expires_in = list(known), expires_in
        self.forms: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        form = {name: value for name, (value,) in parse_qs(request.content.decode()).items()}
        self.forms.append(form)
        assert request.url.path == "/api/auth/token-exchange"
        assert "authorization" not in request.headers
        if form["subject_token"] not in self.known:
            body = {"code": "token_exchange_refused", "detail": "The ID token is not accepted.", "request_id": "r"}
            return httpx.Response(400, json=body)
        self.known.remove(form["subject_token"])
        token = f"tca_for_{form['subject_token']}"
        return httpx.Response(200, json={"access_token": token, "expires_in": self.expires_in})


def token_of(exchange: Exchange, environment: dict[str, str]) -> Callable[[], str]:
    transport = httpx.MockTransport(exchange)
    found = find_credentials(environment | {"TCA_URL": f"{URL}/"}, "ledger", transport=transport)
    assert isinstance(found.token, ExchangedToken)
    return found.token


def test_the_id_token_of_gitlab_is_exchanged_once_for_a_quarter_of_an_hour() -> None:
    exchange = Exchange("job-1")
    token = token_of(exchange, {"TCA_ID_TOKEN": "job-1"})
    assert [token(), token()] == ["tca_for_job-1"] * 2
    assert exchange.forms == [
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": "job-1",
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "audience": "ledger",
        }
    ]


def test_a_long_job_has_several_id_tokens_and_used_ones_are_left_out() -> None:
    exchange = Exchange("job-2", "job-3", expires_in=30)
    token = token_of(exchange, {"TCA_ID_TOKEN": "job-1", "TCA_ID_TOKEN_2": "job-2", "TCA_ID_TOKEN_3": "job-3"})
    assert [token(), token()] == ["tca_for_job-2", "tca_for_job-3"]
    with pytest.raises(NoCredentials, match="no ID token left"):
        token()


def test_github_issues_another_id_token_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[httpx.URL] = []

    def issue(url: httpx.URL, *, headers: dict[str, str], timeout: float) -> httpx.Response:
        asked.append(url)
        assert headers["Authorization"] == "Bearer runner-secret"
        return httpx.Response(200, json={"value": f"job-{len(asked)}"}, request=httpx.Request("GET", url))

    monkeypatch.setattr(httpx, "get", issue)
    environment = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://run.actions.example.com/idtoken/1?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner-secret",
    }
    token = token_of(Exchange("job-1", "job-2", expires_in=30), environment)
    assert [token(), token()] == ["tca_for_job-1", "tca_for_job-2"]
    assert dict(asked[0].params) == {"api-version": "2.0", "audience": URL}
    with pytest.raises(NotSignedIn, match="not accepted"):
        token()
    assert len(asked) == 3


def test_a_token_of_ones_own_counts_first_and_no_token_is_shown() -> None:
    environment = {"TCA_URL": URL, "TCA_TOKEN": "tca_1", "TCA_ID_TOKEN": "job-1"}
    assert find_credentials(environment, "ledger").token == "tca_1"
    assert "tca_1" not in repr(find_credentials(environment, "ledger"))
    assert "runner-secret" not in repr(GitHubTokens(URL, "runner-secret", URL))


@pytest.mark.parametrize(
    ("environment", "facts"),
    [
        (
            {
                "GITHUB_SHA": "9f1c2ab",
                "GITHUB_REF_NAME": "main",
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "acme/ledger",
                "GITHUB_RUN_ID": "17",
            },
            {"commit_sha": "9f1c2ab", "ref": "main", "ci_url": "https://github.com/acme/ledger/actions/runs/17"},
        ),
        (
            {
                "CI_COMMIT_SHA": "9f1c2ab",
                "CI_COMMIT_REF_NAME": "main",
                "CI_COMMIT_TIMESTAMP": "2026-05-04T09:30:00+00:00",
                "CI_JOB_URL": "https://gitlab.com/acme/ledger/-/jobs/9",
            },
            {
                "commit_sha": "9f1c2ab",
                "ref": "main",
                "ci_url": "https://gitlab.com/acme/ledger/-/jobs/9",
                "commit_at": "2026-05-04T09:30:00+00:00",
            },
        ),
        (
            {"GIT_COMMIT": "9f1c2ab", "GIT_BRANCH": "origin/main", "BUILD_URL": "https://ci.example.com/job/ledger/9/"},
            {"commit_sha": "9f1c2ab", "ref": "origin/main", "ci_url": "https://ci.example.com/job/ledger/9/"},
        ),
        ({}, {}),
    ],
)
def test_the_job_says_what_is_deployed(
    environment: dict[str, str], facts: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert facts_of_job(environment) == facts


def test_a_git_folder_says_which_commit_it_is_and_when_it_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    at = "2026-05-04T09:30:00+00:00"
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_DATE", at)
        monkeypatch.setenv(f"GIT_{name}_NAME", "Ana")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "ana@example.com")
    for step in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "First"]):
        subprocess.run(["git", *step], check=True)
    facts = facts_of_job({})
    assert len(facts["commit_sha"]) == 40
    assert facts["commit_at"] == at


async def trusting(issuer: Issuer, monkeypatch: pytest.MonkeyPatch, **fields: Any) -> None:
    """A project that trusts the jobs of the issuer. The console has the address that `tca` calls."""
    owner = await make_user()
    await make_trust(owner, await make_project(owner, "Ledger"), issuer=issuer.url, **fields)
    monkeypatch.setattr(get_settings(), "public_url", CONSOLE)


async def test_a_job_of_github_deploys_without_a_secret(
    tca: Command, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trusting(issuer, monkeypatch)

    def issue(url: httpx.URL, **_: Any) -> httpx.Response:
        token = issuer.job_token(aud=url.params["audience"])
        return httpx.Response(200, json={"count": 1, "value": token}, request=httpx.Request("GET", url))

    monkeypatch.setattr(httpx, "get", issue)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "https://run.actions.example.com/idtoken/1?api-version=2.0")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-runner")
    assert await tca("whoami", "--project", "ledger") == 0
    assert await tca(*DEPLOY) == 0
    assert (await deployment_events())[-1] == ("deployment_succeeded", "succeeded")


async def test_a_job_of_gitlab_deploys_without_a_secret(
    tca: Command, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trusting(issuer, monkeypatch, claims={"project_path": "acme/platform/ledger", "environment": "production"})
    monkeypatch.setenv("TCA_ID_TOKEN", issuer.job_token(GITLAB_JOB))
    assert await tca(*DEPLOY) == 0
    assert (await deployment_events())[-1] == ("deployment_succeeded", "succeeded")
    assert await tca(*DEPLOY) == 77  # the only ID token is used
    assert "it was used before" in tca.said
    monkeypatch.setenv("TCA_ID_TOKEN_2", issuer.job_token(GITLAB_JOB))
    assert await tca(*DEPLOY) == 0


async def test_a_job_that_the_project_does_not_trust_is_refused(
    tca: Command, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trusting(issuer, monkeypatch, claims={"repository": "acme/other"})
    monkeypatch.setenv("TCA_ID_TOKEN", issuer.job_token())
    assert await tca(*DEPLOY) == 77
    assert await deployment_events() == []

"""What the console counts about deployments, webhooks and sign-ins, within bounds that no caller can exceed."""

import httpx
import pytest
from pydantic import SecretStr

from tca_app.config.settings import VERSION, get_settings
from tca_app.core.telemetry import metrics
from tca_app.features.auth.oauth.identity import SignInRefused
from tca_app.features.factors import passkey_service
from tca_app.features.factors.passkey_service import PasskeyUnknown
from tca_app.features.projects import service as projects
from tca_app.features.projects.schemas import ProjectUpdate
from tca_app.features.single_sign_on import service as single_sign_on
from tests.factories import bearer, do_jobs, make_project, make_user, make_webhook, run
from tests.features.auth.test_sign_in import log_in
from tests.features.factors.accounts import account_with_app
from tests.features.factors.test_sign_in import challenge_for, finish, wrong_for
from tests.features.metrics.test_metrics import counted, read, value
from tests.sinks import HttpSink


async def deploy(api: httpx.AsyncClient, header: dict[str, str], project_id: int, *steps: str) -> None:
    body = {"version": "1.0.0", "environment": "production"}
    made = await api.post(f"/api/v1/projects/{project_id}/deployments", headers=header, json=body)
    for status in steps:
        await api.patch(f"/api/v1/deployments/{made.json()['id']}", headers=header, json={"status": status})


async def test_a_deployment_is_counted_once_when_it_ended(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    project_id, header = await make_project(owner, "Ledger"), await bearer(owner)
    about = {"project": "ledger", "environment": "production"}
    await deploy(api, header, project_id, "in_progress", "succeeded")
    await deploy(api, header, project_id, "cancelled")
    with (
        counted("tca_deployments_total", **about, result="succeeded"),
        counted("tca_deployments_total", **about, result="cancelled"),
        counted("tca_deployments_total", by=0, **about, result="failed"),
    ):
        await do_jobs()
        await do_jobs()


def test_beyond_the_limit_environments_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MAX_ENVIRONMENTS", 2)
    monkeypatch.setattr(metrics, "_environments", set())
    with (
        counted("tca_deployments_total", project="p", environment="one", result="failed"),
        counted("tca_deployments_total", by=3, project="p", environment="two", result="failed"),
        counted("tca_deployments_total", by=2, project="other", environment="other", result="failed"),
        counted("tca_deployments_total", by=0, project="p", environment="three", result="failed"),
    ):
        for environment in ("one", "two", "three", "two", "four", "two"):
            metrics.note_deployment("p", environment, "failed")


async def test_deliveries_are_counted_by_result(monkeypatch: pytest.MonkeyPatch) -> None:
    ana = await make_user()
    project_id = await make_project(ana)
    async with HttpSink() as sink:
        monkeypatch.setattr(get_settings(), "outbound_allowed_hosts", [f"127.0.0.1:{sink.port}"])
        await make_webhook(ana, sink.url, project_id, "project_updated")
        for code, result in ((204, "succeeded"), (503, "retrying"), (404, "failed")):
            sink.answers = [code]
            await run(projects.update_project, ana, project_id, ProjectUpdate(description=str(code)))
            with counted("tca_webhook_deliveries_total", result=result):
                await do_jobs()


async def test_refused_sign_ins_are_counted_by_reason(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    with (
        counted("tca_sign_ins_refused_total", by=5, reason="password"),
        counted("tca_sign_ins_refused_total", by=1, reason="throttled"),
    ):
        for _ in range(6):
            await log_in(api, "ana", "Wrong-Boat-42")
    with counted("tca_sign_ins_refused_total", reason="passkey"), pytest.raises(PasskeyUnknown):
        await run(passkey_service.sign_in_with_passkey, "", None, None)
    exchange = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "subject_token": "e30.e30.x",
        "audience": "ledger",
    }
    with counted("tca_sign_ins_refused_total", reason="ci_token"):
        assert (await api.post("/api/auth/token-exchange", data=exchange)).status_code == 400


async def test_a_wrong_second_factor_is_counted(api: httpx.AsyncClient) -> None:
    ana = await account_with_app(api)
    challenge = await challenge_for(api)
    with counted("tca_sign_ins_refused_total", reason="second_factor"):
        assert (await finish(api, challenge, wrong_for(ana))).status_code == 401


async def test_a_provider_that_refuses_is_counted(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> None:
        raise SignInRefused("unavailable")

    monkeypatch.setattr(single_sign_on, "start", refuse)
    with counted("tca_sign_ins_refused_total", reason="provider"):
        assert (await api.get("/api/auth/oauth/github/start")).status_code == 303


async def test_the_running_version_is_a_metric(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "metrics_token", SecretStr(""))
    found = await read(api)
    (labels,) = (dict(labels) for name, labels in found if name == "tca_build_info")
    assert labels["version"] == VERSION
    assert value(found, "tca_build_info", **labels) == 1

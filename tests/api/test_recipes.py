"""Carries out the recipes of `integrations/` against a real server, as the CI systems do."""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import select
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.features.deployments.approvals import roll_back
from tca_app.features.deployments.schemas import Rollback
from tca_app.models import Deployment, DeploymentLog
from tests.factories import make_deployment, make_project, make_token, make_user, run

INTEGRATIONS = Path(__file__).parents[2] / "integrations"
CLIENT = INTEGRATIONS.parent / "clients" / "python"
ACTION = yaml.safe_load((INTEGRATIONS / "github-action" / "action.yml").read_text())
TEMPLATE = yaml.safe_load((INTEGRATIONS / "gitlab" / "deploy.yml").read_text())[".tca-deploy"]
ARGO_CD = yaml.safe_load((INTEGRATIONS / "argo-cd" / "notifications.yaml").read_text())["data"]
# What a build machine has in place of the network: a virtual environment that already has `tca`.
TCA = f'#!/bin/sh\nPYTHONPATH={CLIENT} exec {sys.executable} -m tca_client "$@"\n'
PIP = '#!/bin/sh\nfor last; do :; done\ntest -f "$last/pyproject.toml"\n'
VENV = '#!/bin/sh\ntest "$1 $2" = "-m venv" && mkdir -p "$3/bin" && cp {folder}/bin/* "$3/bin/"\n'
DEPLOY = '#!/bin/sh\necho "Deploying $1$TCA_VERSION"\n'


@dataclass
class Machine:
    """A build machine with the variables of its CI system, a token, and a script that deploys."""

    folder: Path
    owner: Actor
    project_id: int
    variables: dict[str, str]
    printed: str = ""
    token: dict[str, str] = field(default_factory=dict)

    async def run(self, script: str, shell: tuple[str, ...] = ("bash", "-eo", "pipefail"), **more: str) -> int:
        """Run a step, which has to end by itself. Returns its exit code."""
        env = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}"} | self.variables | more
        process = await asyncio.create_subprocess_exec(
            *shell, "-c", script, cwd=self.folder, env=env, stdout=PIPE, stderr=PIPE
        )
        async with asyncio.timeout(60):
            printed, said = await process.communicate()
        self.printed = printed.decode() + said.decode()
        return process.returncode or 0


@pytest.fixture
async def machine(server_url: str, tmp_path: Path) -> Machine:
    owner = await make_user()
    project_id = await make_project(owner, "Ledger")
    _, token = await make_token(owner, project_id)
    text = token["Authorization"].removeprefix("Bearer ")
    (tmp_path / "bin").mkdir()
    scripts = {"bin/tca": TCA, "bin/pip": PIP, "bin/python3": VENV.format(folder=tmp_path), "deploy.sh": DEPLOY}
    for name, script in scripts.items():
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    return Machine(tmp_path, owner, project_id, {"TCA_URL": server_url, "TCA_TOKEN": text}, token=token)


async def last() -> Deployment:
    async with transaction() as session:
        return (await session.execute(select(Deployment).order_by(col(Deployment.id).desc()).limit(1))).scalar_one()


async def log() -> list[str]:
    async with transaction() as session:
        return list((await session.execute(select(DeploymentLog.line).order_by(col(DeploymentLog.seq)))).scalars())


async def act(machine: Machine, **inputs: str) -> int:
    """Run the composite action as a runner does: inputs come by the environment of a step only."""
    defaults = {name: about.get("default", "") for name, about in ACTION["inputs"].items()}
    given = defaults | {"url": machine.variables.pop("TCA_URL"), "token": machine.variables.pop("TCA_TOKEN")} | inputs
    code = 0
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
        env = {
            name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: given[found[1]], value)
            for name, value in step.get("env", {}).items()
        }
        code = code or await machine.run(step["run"], ("bash", "--noprofile", "--norc", "-eo", "pipefail"), **env)
    return code


@pytest.fixture
def runner(machine: Machine) -> Machine:
    """A runner of GitHub Actions."""
    machine.variables |= {
        "GITHUB_ACTION_PATH": str(INTEGRATIONS / "github-action"),
        "RUNNER_TEMP": str(machine.folder / "temp"),
        "GITHUB_SHA": "ffac537e6cbbf934b08745a378932722df287a53",
        "GITHUB_REF_NAME": "main",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "octocat/ledger",
        "GITHUB_RUN_ID": "1658821493",
    }
    return machine


async def test_the_action_of_github_deploys_and_reports(runner: Machine) -> None:
    assert await act(runner, project="ledger", environment="production", command='./deploy.sh "$TCA_ENVIRONMENT "') == 0
    made = await last()
    assert (made.status, made.version, made.ref) == ("succeeded", "ffac537", "main")
    assert made.ci_url == "https://github.com/octocat/ledger/actions/runs/1658821493"
    assert await log() == ["Deploying production ffac537"]


async def test_the_action_fails_with_its_command(runner: Machine) -> None:
    inputs = {"project": "ledger", "environment": "production", "version": "1.4.2", "required": "true"}
    assert await act(runner, **inputs, command="false | cat\necho never") == 1
    assert (await last()).status == "failed"
    assert await log() == []


async def test_the_action_carries_out_what_somebody_requested(runner: Machine) -> None:
    await make_deployment(runner.project_id, status="succeeded", version="1.0.0")
    bad = await make_deployment(runner.project_id, status="succeeded", version="2.0.0")
    asked = await run(roll_back, runner.owner, bad, Rollback())
    assert await act(runner, project="ledger", deployment=str(asked.id), command='./deploy.sh "back to "') == 0
    assert (await last()).status == "succeeded"
    assert await log() == ["Deploying back to 1.0.0"]


async def test_the_template_of_gitlab_deploys_and_reports(machine: Machine) -> None:
    machine.variables |= {
        "TCA_CLIENT": str(CLIENT),
        "TCA_PROJECT": "ledger",
        "TCA_COMMAND": "./deploy.sh",
        "CI_ENVIRONMENT_NAME": "production",
        "CI_COMMIT_SHORT_SHA": "9f1c2ab0",
        "CI_COMMIT_SHA": "9f1c2ab0c1d2e3f40516273849a0b1c2d3e4f506",
        "CI_COMMIT_REF_NAME": "main",
        "CI_COMMIT_TIMESTAMP": "2026-05-04T09:30:00+02:00",
        "CI_JOB_URL": "https://gitlab.example.com/acme/ledger/-/jobs/4711",
    }
    assert await machine.run("\n".join(TEMPLATE["before_script"] + TEMPLATE["script"])) == 0
    made = await last()
    assert (made.status, made.version) == ("succeeded", "9f1c2ab0")
    assert made.ci_url == "https://gitlab.example.com/acme/ledger/-/jobs/4711"
    assert made.commit_at is not None
    assert await log() == ["Deploying 9f1c2ab0"]


def test_the_template_asks_for_id_tokens_for_this_console() -> None:
    names = ["TCA_ID_TOKEN", *(f"TCA_ID_TOKEN_{number}" for number in range(2, 5))]
    assert TEMPLATE["id_tokens"] == {name: {"aud": "$TCA_URL"} for name in names}


async def test_the_pipeline_of_jenkins_deploys_and_reports(machine: Machine) -> None:
    machine.variables |= {
        "TCA_CLIENT": str(CLIENT),
        "BUILD_NUMBER": "812",
        "BUILD_URL": "https://ci.example.com/job/ledger/812/",
        "GIT_COMMIT": "9f1c2ab0c1d2e3f40516273849a0b1c2d3e4f506",
        "GIT_BRANCH": "origin/main",
    }
    steps = re.findall(r"^\s*sh '(.*)'$", (INTEGRATIONS / "jenkins" / "Jenkinsfile").read_text(), re.MULTILINE)
    assert len(steps) == 2
    assert [await machine.run(step, ("sh", "-xe")) for step in steps] == [0, 0]
    made = await last()
    assert (made.status, made.version, made.ref) == ("succeeded", "1.0.812", "origin/main")
    assert await log() == ["Deploying 1.0.812"]


@pytest.mark.parametrize(("command", "code"), [("./deploy.sh", 0), ("exit 3", 3)])
async def test_a_shell_and_curl_are_enough(machine: Machine, command: str, code: int) -> None:
    script = f"{INTEGRATIONS}/curl/deploy.sh ledger production 1.4.2 sh -c '{command}'"
    assert await machine.run(script, ("sh",)) == code
    made = await last()
    assert (made.version, made.status) == ("1.4.2", "failed" if code else "succeeded")
    assert made.reason == ("Exit code 3" if code else "")


async def test_the_script_for_curl_says_what_the_console_refuses(machine: Machine) -> None:
    assert await machine.run(f"{INTEGRATIONS}/curl/deploy.sh ledger nowhere 1.4.2 touch deployed", ("sh",)) == 1
    assert '"code":"no_such_environment"' in machine.printed
    assert await machine.run(f"{INTEGRATIONS}/curl/deploy.sh ledger production '1\"2' touch deployed", ("sh",)) == 2
    assert not (machine.folder / "deployed").exists()


# The fields of an Application after a sync that the templates read, as Argo CD writes them.
APPLICATION: dict[str, Any] = {
    "metadata": {
        "name": "ledger",
        "uid": "018f3a52-7c1e-7b6a-9d7e-2f4c5a6b7c8d",
        "annotations": {"tca/project": "ledger", "tca/environment": "production"},
    },
    "status": {
        "operationState": {
            "phase": "Succeeded",
            "message": 'one or more objects failed to apply, reason: "ledger"\nis invalid: <nil> & more',
            "startedAt": "2026-05-04T09:30:00Z",
            "finishedAt": "2026-05-04T09:31:12Z",
            "syncResult": {"revision": "53e28ff20cc530b9ada2173fbbd64d48338583ba"},
        }
    },
}


def rendered(template: str) -> str:
    """Fill in a Go template, as far as these templates go."""

    def value(action: re.Match[str]) -> str:
        source, *filters = (part.strip() for part in action[1].split(" | "))
        if source.startswith("index "):
            path, key = source.removeprefix("index ").split(" ", 1)
            found = field_of(path)[json.loads(key)]
        else:
            found = field_of(source)
        for name in filters:
            found = FILTERS[name.split(" ")[0]](found, *re.findall(r'"[^"]*"|\d+', name))
        return str(found)

    return re.sub(r"\{\{(.*?)\}\}", value, template)


def field_of(path: str) -> Any:
    found: Any = {"app": APPLICATION}
    for name in path.strip(".").split("."):
        found = found[name]
    return found


FILTERS: dict[str, Any] = {
    "toJson": lambda found: json.dumps(found).replace("<", "\\u003c").replace("&", "\\u0026"),
    "trunc": lambda found, length: found[: int(length)],
    "replace": lambda found, old, new: found.replace(json.loads(old), json.loads(new)),
}


@pytest.mark.parametrize("result", ["succeeded", "failed"])
async def test_a_sync_of_argo_cd_is_one_deployment(machine: Machine, result: str) -> None:
    service = yaml.safe_load(ARGO_CD["service.webhook.tca"])
    headers = {header["name"]: header["value"] for header in service["headers"]}
    headers["Authorization"] = headers["Authorization"].replace("$tca-token", machine.variables["TCA_TOKEN"])
    call = yaml.safe_load(ARGO_CD[f"template.tca-{result}"])["webhook"]["tca"]
    async with httpx.AsyncClient(base_url=machine.variables["TCA_URL"], headers=headers) as client:
        for _ in range(2):  # a notification may come twice
            answer = await client.request(call["method"], rendered(call["path"]), content=rendered(call["body"]))
            assert answer.status_code == 201, answer.text
    made = await last()
    assert made.status == result
    assert made.version == made.commit_sha == "53e28ff20cc530b9ada2173fbbd64d48338583ba"
    assert made.started_at is not None
    assert made.started_at.isoformat() == "2026-05-04T09:30:00+00:00"
    assert ('reason: "ledger" is invalid: <nil> & more' in made.reason) == (result == "failed")
    async with transaction() as session:
        assert len((await session.execute(select(Deployment))).all()) == 1
    (send,) = yaml.safe_load(ARGO_CD[f"trigger.tca-{result}"])
    assert send["send"] == [f"tca-{result}"]


def test_the_page_uses_what_the_recipes_have() -> None:
    page = (INTEGRATIONS.parent / "docs" / "recipes.md").read_text()
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    jobs = [block["jobs"]["deploy"] for block in blocks if "jobs" in block]
    assert len(jobs) == 2
    for job in jobs:
        given = next(step["with"] for step in job["steps"] if step["uses"].endswith("integrations/github-action@v1"))
        assert set(given) <= set(ACTION["inputs"])
        assert {name for name, about in ACTION["inputs"].items() if about.get("required")} <= set(given)
    (gitlab,) = [block["deploy"] for block in blocks if "deploy" in block]
    assert gitlab["extends"] == ".tca-deploy"
    assert all(f"${name}" in " ".join(TEMPLATE["script"]) for name in gitlab["variables"])

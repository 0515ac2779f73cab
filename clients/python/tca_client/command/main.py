"""The command `tca`."""

import argparse
import contextlib
import getpass
import os
import platform
import sys
import uuid
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version as version_of
from typing import TypeAlias
from urllib.parse import urlsplit

import httpx

from tca_client.calls import PATIENCE_S
from tca_client.client import Client
from tca_client.command.deploy import Job, carry_out_existing, deploy
from tca_client.command.jobs import facts_of_job
from tca_client.command.output import FAILED, UsageError, exit_code_of, line_of, say, warn
from tca_client.command.process import Stopped
from tca_client.command.tables import show_caller, show_deployment, show_environments
from tca_client.credentials import find_credentials, forget, require_address, save, sign_in
from tca_client.errors import TcaError
from tca_client.generated.models import DeploymentCreate, DeploymentRead, Rollback

PATIENCE_AT_START_S = 20.0  # before a deployment goes on without the console
DAYS_OF_LOGIN = 90

Arguments = argparse.Namespace
transport: httpx.BaseTransport | None = None  # tests put the console in process here


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command. What stands after `--` is the command of the deployment."""
    given = list(sys.argv[1:] if argv is None else argv)
    split = given.index("--") if "--" in given else len(given)
    parser = build_parser()
    arguments = parser.parse_args(given[:split])
    arguments.command = given[split + 1 :]
    if arguments.command and arguments.act not in (run_deploy, run_rollback):
        parser.error("this takes no command after --")
    try:
        act: Callable[[Arguments], int] = arguments.act
        return act(arguments)
    except TcaError as error:
        say(line_of(error))
        return exit_code_of(error)
    except Stopped as stopped:
        return stopped.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        with contextlib.suppress(OSError, ValueError):  # `tca status | head`: Python would complain at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("tca", description="Report deployments to a TCA InfraForge console.")
    parser.add_argument("--version", action="version", version=f"tca {_version()}")
    acts = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_deploy(acts)
    _add_rollback(acts)
    status = _add(acts, "status", run_status, "Show what runs where, or one deployment.")
    status.add_argument("deployment", nargs="?", type=int, metavar="NUMBER")
    status.add_argument("--project", default="", help="slug or number")
    status.add_argument("--json", action="store_true")
    whoami = _add(acts, "whoami", run_whoami, "Show who the token belongs to.")
    whoami.add_argument("--project", default="", help="for the ID token of a CI job")
    login = acts.add_parser("login", help="Save an API token for this machine.", description="Save an API token.")
    login.set_defaults(act=run_login)
    login.add_argument("url", nargs="?", help="the address of the console; TCA_URL unless given")
    login.add_argument("--username", default="")
    login.add_argument("--with-token", action="store_true", help="read an API token from standard input")
    logout = acts.add_parser("logout", help="Forget the saved token.", description="Forget the saved token.")
    logout.set_defaults(act=run_logout)
    return parser


Acts: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add(acts: Acts, name: str, act: Callable[[Arguments], int], help_: str) -> argparse.ArgumentParser:
    parser = acts.add_parser(name, help=help_, description=help_)
    parser.set_defaults(act=act)
    parser.add_argument("--url", default="", help="the address of the console; TCA_URL unless given")
    return parser


def _add_job(parser: argparse.ArgumentParser) -> None:
    wait = "for an approval, the end of a freeze window or of another deployment; 3600"
    parser.add_argument("--wait", type=float, default=3600, metavar="SECONDS", help=wait)
    mask = "variable whose value never enters the log; those named TOKEN, SECRET and the like never do"
    parser.add_argument("--mask", action="append", default=[], metavar="NAME", help=mask)
    parser.add_argument("--description", default="", metavar="TEXT", help="a note for people")


def _add_deploy(acts: Acts) -> None:
    parser = _add(acts, "deploy", run_deploy, "Report a deployment and run the command after --.")
    parser.epilog = "tca deploy --project ledger --environment production --version 1.4.2 -- ./deploy.sh"
    parser.add_argument("--project", required=True, help="slug or number")
    parser.add_argument("--environment", metavar="NAME")
    parser.add_argument("--version", dest="deployed", metavar="VERSION")
    parser.add_argument("--deployment", type=int, metavar="NUMBER", help="carry out this one, which somebody requested")
    parser.add_argument("--external-id", default="", metavar="ID", help="your own id: it is deployed once")
    parser.add_argument("--commit", default="", help="that of the CI job, or of the git folder, unless given")
    parser.add_argument("--ref", default="", help="branch or tag; that of the CI job unless given")
    parser.add_argument("--required", action="store_true", help="do not deploy while the console is unreachable")
    _add_job(parser)


def _add_rollback(acts: Acts) -> None:
    about = "Deploy the previous version again, by the command after -- or by CI."
    parser = _add(acts, "rollback", run_rollback, about)
    parser.add_argument("--project", required=True, help="slug or number")
    parser.add_argument("--environment", required=True, metavar="NAME")
    _add_job(parser)


def _client(arguments: Arguments, project: str = "", patience_s: float = PATIENCE_S) -> Client:
    found = find_credentials(os.environ, project, arguments.url, transport)
    _warn_about_plain_http(found.url)
    arguments.source = found.source
    return Client(found.url, found.token, patience_s=patience_s, transport=transport)


def _warn_about_plain_http(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        warn(f"{url} is not encrypted: everybody on the way can read the token.")


def run_deploy(arguments: Arguments) -> int:
    if not arguments.command:
        raise UsageError("Put the command that deploys after --, such as: tca deploy … -- ./deploy.sh")
    job = _job(arguments, is_required=arguments.required)
    patience_s = PATIENCE_S if arguments.required else PATIENCE_AT_START_S
    with _client(arguments, arguments.project, patience_s) as client:
        if arguments.deployment is not None:
            return carry_out_existing(client, _of_project(client, arguments), job)
        if not (arguments.environment and arguments.deployed):
            raise UsageError("Say what is deployed where: --environment and --version, or --deployment.")
        return deploy(client, arguments.project, _report(arguments), job)


def _job(arguments: Arguments, *, is_required: bool) -> Job:
    return Job(arguments.command, os.environ, arguments.wait, is_required, arguments.mask)


def _report(arguments: Arguments) -> DeploymentCreate:
    """What is reported first. The external id makes one deployment of it, whatever is sent again."""
    facts = facts_of_job(os.environ, arguments.commit, arguments.ref)
    external_id = arguments.external_id or f"tca-{uuid.uuid4().hex}"
    named = {"environment": arguments.environment, "version": arguments.deployed, "external_id": external_id}
    return {**facts, **named, "description": arguments.description}  # type: ignore[typeddict-item]


def _of_project(client: Client, arguments: Arguments) -> DeploymentRead:
    deployment = client.read_deployment(arguments.deployment)
    if arguments.project not in (deployment["project"]["slug"], str(deployment["project"]["id"])):
        raise TcaError(f"Deployment {arguments.deployment} is not one of {arguments.project}.")
    return deployment


def run_rollback(arguments: Arguments) -> int:
    with _client(arguments, arguments.project) as client:
        finished = client.list_project_deployments(
            arguments.project, environment=arguments.environment, status="finished", limit=1
        )
        if not finished:
            raise TcaError(f"Nothing was deployed to {arguments.environment} of {arguments.project} yet.")
        plan = client.plan_rollback(finished[0]["id"])
        body: Rollback = {"to_id": plan["to"]["id"], "description": arguments.description}
        deployment = client.roll_back(finished[0]["id"], body)
        say(f"Rollback of {arguments.environment}: {plan['from_version']} to {plan['to']['version']}")
        if arguments.command:
            return carry_out_existing(client, deployment, _job(arguments, is_required=True))
        approval = " once it is approved" if plan["needs_approval"] else ""
        say(f"Deployment {deployment['id']} is requested; CI carries it out{approval}.")
        say(f"{client.url}/deployments/{deployment['id']}")
    return 0


def run_status(arguments: Arguments) -> int:
    with _client(arguments, arguments.project) as client:
        if arguments.deployment is not None:
            show_deployment(client, arguments.deployment, as_json=arguments.json)
        else:
            show_environments(client, arguments.project, as_json=arguments.json)
    return 0


def run_whoami(arguments: Arguments) -> int:
    with _client(arguments, arguments.project) as client:
        show_caller(client, arguments.source)
    return 0


def run_login(arguments: Arguments) -> int:
    url = (arguments.url or os.environ.get("TCA_URL", "") or input("Address of the console: ")).rstrip("/")
    require_address(url)
    _warn_about_plain_http(url)
    if arguments.with_token:
        token = sys.stdin.readline().strip()
    else:
        username = arguments.username or input("Username or email: ")
        name = f"tca on {platform.node()}"[:50]
        new_token = {"name": name, "scopes": ["deploy"], "expires_in_days": DAYS_OF_LOGIN}
        token = sign_in(url, username, getpass.getpass("Password: "), _ask_code, new_token, transport)
    with Client(url, token, transport=transport) as client:
        user = client.verify()
    path = save(url, token)
    say(f"Signed in as {user['full_name'] or user['username']}. The token is in {path}.")
    return 0


def _ask_code() -> str:
    return getpass.getpass("Code of the authenticator app, or a recovery code: ").strip()


def run_logout(arguments: Arguments) -> int:
    say("The saved token is removed. Revoke it in the console: Settings, Tokens." if forget() else "Nothing was saved.")
    return 0


def _version() -> str:
    try:
        return version_of("tca-client")
    except PackageNotFoundError:
        return "from source"

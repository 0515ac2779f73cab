"""The command line of the console: `python -m tca_app --help`."""

import gc

if __name__ == "__main__":
    gc.disable()  # imports leave no garbage, and looking for it takes a fifth of their time

import json
import os
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from tca_app.config.settings import Role, get_settings, logs_are_json, unknown_settings
from tca_app.config.table import write_settings_table
from tca_app.consumers.analytics import recount
from tca_app.consumers.streams import replay
from tca_app.core.events.verify import verify_log
from tca_app.core.jobs.queue import QUEUE_NAMES
from tca_app.core.plurals import plural
from tca_app.core.stores.embedded import configured_stores, embedded_stores
from tca_app.core.telemetry.lines import lines
from tca_app.demo import organisation
from tca_app.features.auth import setup
from tca_app.features.backup.service import create_backup
from tca_app.features.factors import service as factors
from tca_app.features.webhooks.signing import service_keys
from tca_app.frontend.build import ROOT
from tca_app.server.bootstrap import run_once
from tca_app.server.commands.check_config import check_config
from tca_app.server.commands.doctor import doctor
from tca_app.server.commands.export_events import export_events
from tca_app.server.commands.faults import plain_faults
from tca_app.server.commands.rotate_secrets import rotate_secrets
from tca_app.server.lifespan import run_to_the_end
from tca_app.server.migrate import check_models, migrate
from tca_app.server.restore import restore_backup, use_database
from tca_app.server.serve import StartError, build_pages as build_front_end, claim_port, serve as run_console
from tca_app.server.web import serve_replica
from tca_app.server.worker import run_worker

STARTED_IN = Path.cwd()

commands = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


commands.command()(check_config)
commands.command()(export_events)
commands.command()(doctor)
commands.command()(rotate_secrets)


@commands.callback()
def console(context: typer.Context) -> None:
    """TCA InfraForge console."""
    os.chdir(ROOT)  # .env, the default DATA_DIR and Reflex' settings lie here
    lines.as_json = context.invoked_subcommand in set(Role) and logs_are_json()
    lines.warn(*unknown_settings())


@commands.command()
def serve() -> None:
    """Run the console: stores, migrations, front end, web."""
    with plain_faults():
        run_console()


@commands.command()
def web() -> None:
    """Run one web replica on DATABASE_URL and REDIS_URL. Jobs run in `worker` unless RUN_WORKER is set."""
    with plain_faults():
        serve_replica()


@commands.command()
def worker(
    queue: Annotated[list[str] | None, typer.Option(help="Run jobs of this queue only; may be repeated.")] = None,
) -> None:
    """Run jobs in a separate process (the web process runs them too unless RUN_WORKER=false)."""
    with plain_faults():
        if unknown := sorted(set(queue or ()) - set(QUEUE_NAMES)):
            raise StartError(f"--queue: there is no {', '.join(unknown)}; the queues are {', '.join(QUEUE_NAMES)}")
        settings = get_settings()
        if settings.worker_port:
            claim_port(settings.host, settings.worker_port, "WORKER_PORT")
        with configured_stores(keep=True):
            migrate()
            run_to_the_end(run_worker(queue))


@commands.command("migrate")
def migrate_database() -> None:
    """Apply the migrations of this version to the database."""
    with plain_faults(), configured_stores():
        migrate()
        lines.say("The database is up to date")


@commands.command()
def build_pages() -> None:
    """Build the front end, so that `web` and `serve` need not: for an image or a read-only installation."""
    with plain_faults():
        build_front_end(get_settings())


@commands.command(hidden=True)
def check_migrations() -> None:
    """Compare the migrations with the models on a throw-away database (`make check`)."""
    with plain_faults(), TemporaryDirectory(prefix="tca-") as folder:
        with embedded_stores(Path(folder), redis=False, durable=False) as urls:
            os.environ |= {"DATABASE_URL": urls.database_url, "DATABASE_URL_FILE": ""}
            get_settings.cache_clear()
            check_models()
        lines.say("The migrations match the models")


@commands.command()
def create_admin(
    username: Annotated[str, typer.Option(prompt=True, help="3 to 50 ASCII letters and digits.")],
    email: Annotated[str, typer.Option(prompt=True)],
    password: Annotated[
        str,
        typer.Option(
            prompt=True,
            confirmation_prompt=True,
            hide_input=True,
            envvar="ADMIN_PASSWORD",
            help="Leave it out: the command asks for it, or reads ADMIN_PASSWORD.",
        ),
    ],
    full_name: str = "",
) -> None:
    """Create an administrator."""
    with plain_faults(), configured_stores():
        migrate()
        admin = run_once(
            lambda session: setup.create_admin(
                session, email=email, username=username, full_name=full_name, password=password
            )
        )
        lines.say(f"{admin.username} is an administrator now")


@commands.command()
def reset_factors(username: str) -> None:
    """Remove the second factors and recovery codes of a user, and end their sessions."""
    with plain_faults(), configured_stores():
        migrate()
        name = run_once(lambda session: factors.reset_on_server(session, username))
        lines.say(f"{name} signs in with the password alone now")


@commands.command("demo")
def fill_demo(force: Annotated[bool, typer.Option(help="Add the data even when there are users.")] = False) -> None:
    """Fill the database with 200 users and 40 projects with 120 days of history."""
    with plain_faults(), configured_stores():
        migrate()
        made = run_once(lambda session: organisation.fill(session, force=force))
        users, projects = plural(made.users, "user"), plural(made.projects, "project")
        things = f"{users}, {projects} and {plural(made.deployments, 'deployment')}"
        lines.say(f"Made {things}, with {plural(made.events, 'event')} of 120 days")
        lines.say("Environments with an address are paused on /status: the demo's hosts do not exist")
        lines.say(f"Sign in as {made.admin} (administrator) or {made.member}; everybody's password is {made.password}")


@commands.command("verify-log")
def check_log() -> None:
    """Verify the event log and report the first modified row; exit code 1 if there is one."""
    with plain_faults(), configured_stores():
        migrate()
        check = run_once(verify_log)
        if check.fault:
            lines.fail(f"The event log is broken: {check.fault}")
            raise typer.Exit(1)
        erased = f" ({check.erased} erased)" if check.erased else ""
        deleted = f", after {check.removed:,} that retention deleted" if check.removed else ""
        lines.say(f"{plural(check.events, 'event')}{erased} in {plural(check.chains, 'chain')}{deleted}: intact")


@commands.command()
def backup(to: Annotated[Path | None, typer.Option(help="A new file, or a folder.")] = None) -> None:
    """Back up the database into one file, while the console runs; encrypted when BACKUP_KEY is set."""
    with plain_faults(), configured_stores():
        lines.say(create_backup(STARTED_IN / to if to else None).summary)


@commands.command()
def restore(
    file: Path,
    database_url: Annotated[str, typer.Option(help="The database, without a password; DATABASE_URL if unset.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Replace what the database holds.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before replacing.")] = False,
) -> None:
    """Restore a backup into an empty database, migrate it and check it. Stop the console first."""
    with plain_faults():
        if database_url:
            use_database(database_url)
        with configured_stores():
            done = restore_backup(STARTED_IN / file, replace=replace, ask=None if yes else typer.prompt)
        lines.say(done.summary)
        if done.faults:
            lines.fail(*done.faults)
            raise typer.Exit(1)


@commands.command("recount")
def recount_metrics() -> None:
    """Compare the daily metrics with the event log and the deployments, and repair differences."""
    with plain_faults(), configured_stores():
        migrate()
        found = run_once(recount)
        lines.say(*found.differences)
        if found.mended > len(found.differences):
            lines.say(f"and {found.mended - len(found.differences):,} more")
        lines.say(f"{plural(found.compared, 'number')}: {f'{found.mended:,} mended' if found.mended else 'all right'}")


@commands.command("replay-stream")
def replay_streams(
    since: Annotated[datetime | None, typer.Option(help="The first day (UTC).", formats=["%Y-%m-%d"])] = None,
) -> None:
    """Fill the Redis streams from the event log after Redis lost them."""
    first = since.replace(tzinfo=UTC) if since else datetime.min.replace(tzinfo=UTC)
    with plain_faults(), configured_stores():
        migrate()
        done = run_once(lambda session: replay(session, first))
        lines.say(f"Appended {plural(done, 'event')}")


@commands.command()
def service_signing_key() -> None:
    """Print the keys that sign calls to the services of *_SERVICE_URL, for their receivers."""
    with plain_faults():
        lines.say(*service_keys())


@commands.command(hidden=True)
def document_config() -> None:
    """Write the table of settings into docs/configuration.md."""
    write_settings_table(ROOT / "docs" / "configuration.md")


@commands.command()
def openapi() -> None:
    """Print the OpenAPI document of the REST interface."""
    with plain_faults():
        lines.say(
            json.dumps(import_module("tca_app.server.api").build_api().openapi(), indent=1)
        )  # FastAPI is slow to import


@commands.command(hidden=True)
def stores() -> None:
    """Hold the stores for `reflex run`: print where they are, stop them at the end of the input."""
    with plain_faults(), configured_stores(keep=True) as urls:
        migrate()
        found = {"DATABASE_URL": urls.database_url, "REDIS_URL": urls.redis_url}
        lines.say(json.dumps({name: url for name, url in found.items() if url}))
        sys.stdin.read()


if __name__ == "__main__":
    gc.enable()
    commands()

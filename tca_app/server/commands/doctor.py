"""`python -m tca_app doctor`: looks at a running installation and says how to mend what is wrong."""

import asyncio
import json
from typing import Annotated

import typer

from tca_app.core.cache.redis import close_redis
from tca_app.core.database.session import close_db
from tca_app.core.plurals import plural
from tca_app.core.stores.embedded import configured_stores
from tca_app.core.telemetry.lines import lines
from tca_app.server.commands.faults import plain_faults
from tca_app.server.doctor import address, stores, traces
from tca_app.server.doctor.findings import Finding, Look, run_looks


def looks(mail: str = "") -> dict[str, Look]:
    """Return every look by its name, in the order of the report."""
    return {
        "PostgreSQL": stores.database,
        "Schema": stores.part("migrations"),
        "Redis": stores.part("redis"),
        "Jobs": stores.part("jobs"),
        "Streams": stores.part("streams"),
        "Event export": stores.part("event_export"),
        "Clock": stores.clock,
        "Disks": stores.disks,
        "Backup": stores.backup,
        "Mail queue": stores.part("mail"),
        "Mail": stores.mail_to(mail),
        "Certificate": address.certificate,
        "Address": address.reachable,
        "Live connection": address.live_connection,
        "Proxies": address.caller_address,
        "Traces": traces.collector,
    }


def doctor(
    mail: Annotated[str, typer.Option(help="Send a test message to this address.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """Look at the running installation, and say what is wrong and how to mend it; exit code 1 if something is."""
    with plain_faults(), configured_stores():
        found = asyncio.run(_look(mail))
    problems = sum(one.status == "problem" for one in found)
    if as_json:
        lines.say(json.dumps([one.as_dict() for one in found], indent=1))
    else:
        lines.say(*(one.line for one in found), f"{plural(problems, 'problem')} found")
    if problems:
        raise typer.Exit(1)


async def _look(mail: str) -> list[Finding]:
    try:
        return await run_looks(looks(mail))
    finally:
        await close_db()
        await close_redis()

"""Looks at what the settings lead to: stores, schema, jobs, clocks, disks, backups, mail."""

import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import uuid4

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tca_app.config.settings import get_settings
from tca_app.consumers.mail import reader_at
from tca_app.core.database.session import reading
from tca_app.core.errors import AppError
from tca_app.core.jobs.queue import PermanentFailure, Unreachable
from tca_app.core.outgoing.mail import send
from tca_app.features.health.internal_checks import MIN_FREE_DISK, PARTS, NotInUse
from tca_app.features.health.schemas import Check
from tca_app.features.instance import service as instance
from tca_app.features.notifications.mails import link_mail
from tca_app.features.notifications.reader import Reader
from tca_app.server.doctor.findings import Finding, Look, ok, problem, skipped
from tca_app.server.migrate import OLDEST_POSTGRES

log = structlog.get_logger(__name__)
MAX_SKEW_S = 2.0  # codes of authenticator apps and tokens allow 30 s, limits and schedules less
MEND = {
    "database": "Check DATABASE_URL, that PostgreSQL runs, and that this machine may reach it",
    "redis": "Check REDIS_URL, that Redis runs, and that this machine may reach it",
    "migrations": "Run `python -m tca_app migrate`, or start the version that fits the schema (docs/upgrading.md)",
    "jobs": "See that a worker runs, and look at /jobs: a dead job says why, and can be retried or discarded",
    "mail": "See the reasons at /jobs, queue email_queue, and check SMTP_URL",
    "streams": "Check that a worker runs and that Redis is reachable",
    "event_export": "See that a worker runs, and check EVENT_EXPORT_TARGET; the log of the workers names the reason",
    "backup": "Look for `backup.failed` in the log of the workers, and check BACKUP_DIR (docs/backup.md)",
}


def part(name: str) -> Look:
    """Return a look at one of the components that /status shows."""

    async def look() -> Finding:
        return await _of_check(name, PARTS[name])

    return look


async def _of_check(name: str, check: Callable[[], Awaitable[Check]]) -> Finding:
    try:
        found = await check()
    except NotInUse as reason:
        return skipped(str(reason))
    return ok(found.detail) if found.status == "ok" else problem(found.detail, MEND[name])


async def database() -> Finding:
    """Look at PostgreSQL and its version."""
    found = await part("database")()
    if found.status != "ok":
        return found
    async with reading() as session:
        number = int((await session.execute(text("SHOW server_version_num"))).scalar_one()) // 10_000
    if number < OLDEST_POSTGRES:
        return problem(f"{found.detail} is too old", f"Upgrade PostgreSQL to {OLDEST_POSTGRES} or newer")
    return found


async def backup() -> Finding:
    """Look at the last scheduled backup. In production one has to be scheduled."""
    found = await part("backup")()
    if found.status == "skipped" and get_settings().is_production:
        return problem("no backup is scheduled", "Set BACKUP_DIR and BACKUP_KEY (docs/backup.md)")
    return found


async def clock() -> Finding:
    """Compare the clock of this machine with that of the database."""
    before = datetime.now(UTC)
    try:
        async with reading() as session:
            theirs: datetime = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
    except (AppError, OSError):
        return skipped("PostgreSQL is unreachable")
    after = datetime.now(UTC)
    skew = (theirs - before - (after - before) / 2).total_seconds()
    if abs(skew) > MAX_SKEW_S + (after - before).total_seconds():
        side = "ahead of" if skew < 0 else "behind"
        return problem(
            f"this machine is {abs(skew):.1f} s {side} the database",
            "Let NTP (chrony, systemd-timesyncd) set the clocks of both machines",
        )
    return ok(f"{abs(skew):.1f} s between this machine and the database; run this on each machine")


async def disks() -> Finding:
    """Look at the disks of DATA_DIR and BACKUP_DIR."""
    settings = get_settings()
    lines, full = [], []
    for name, folder in (("DATA_DIR", settings.data_dir), ("BACKUP_DIR", settings.backup_dir)):
        if folder is None:
            continue
        there = next(path for path in (folder, *folder.parents) if path.exists())
        usage = shutil.disk_usage(there)
        lines.append(f"{name} {usage.free / usage.total:.0%} of {usage.total / 2**30:.0f} GiB free")
        full += [name] if usage.free / usage.total < MIN_FREE_DISK else []
    if full:
        return problem(", ".join(lines), f"Free space or add a disk for {' and '.join(full)}; keep 5% free")
    return ok(", ".join(lines))


def mail_to(address: str) -> Look:
    """Return a look that sends a test message, if there is an address."""

    async def look() -> Finding:
        if not get_settings().has_mail:
            return skipped("SMTP_URL is off: no mail is sent")
        if not address:
            return skipped("no message was sent; --mail ADDRESS sends one")
        try:
            await send(link_mail(f"doctor-{uuid4().hex}", await _reader(address), "test_message", ""))
        except (PermanentFailure, Unreachable) as error:
            return problem(str(error), "Check SMTP_URL and MAIL_FROM, and that this machine may reach the mail server")
        if not get_settings().smtp_url.get_secret_value():
            return problem("without SMTP_URL the message is a file in DATA_DIR/mail", "Set SMTP_URL")
        return ok(f"the mail server accepted a message for {address}; see that it arrives, and not as spam")

    return look


async def _reader(address: str) -> Reader:
    """Return who has this address, in whose language the message is. Mail is looked at without a database, too."""
    found = None
    try:
        await instance.refresh()
        async with reading() as session:
            found = await reader_at(session, address)
    except (AppError, OSError, SQLAlchemyError) as error:  # the looks at PostgreSQL and its schema report it
        log.info("doctor.no_reader", error=type(error).__name__)
    return found or Reader(0, address, "", "")

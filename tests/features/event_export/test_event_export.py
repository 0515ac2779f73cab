"""Events reach a file or a syslog receiver: in order, at least once, without erased data, and resumed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.consumers.event_export import export_events
from tca_app.core.database.session import reading, transaction
from tca_app.core.events.log import emit
from tca_app.core.export_url import SyslogReceiver, read_export_url
from tca_app.features.event_export import delivery, records, service
from tca_app.features.health.internal_checks import PARTS, NotInUse
from tca_app.features.personal_data import erasure
from tca_app.features.projects.events import ProjectUpdated
from tca_app.server.commands.export_events import write_events
from tests.factories import do_jobs, make_admin, make_user, run


@dataclass
class Receiver:
    """A syslog receiver on loopback: the frames of each connection. With `resets` it ends the next one unread."""

    frames: list[bytes] = field(default_factory=list)
    resets: bool = False
    port: int = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.resets:
            writer.transport.abort()
            return
        data = await reader.read()
        while data:
            length, _, rest = data.partition(b" ")
            self.frames.append(rest[: int(length)])
            data = rest[int(length) :]
        writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.take, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver


def export_to(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(get_settings(), "event_export_target", url)


async def happen(*names: str) -> None:
    for name in names:
        await run(emit, None, ProjectUpdated(subject_id=7, subject_name=name))
    await do_jobs()


def read(path: Path) -> list[str]:
    return [json.loads(line)["subject_name"] for line in path.read_text().splitlines()]


async def test_a_file_gets_every_event_in_order_also_after_it_was_rotated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "events.jsonl"
    export_to(monkeypatch, f"file://{path}")
    await happen("one", "two\u2028lines")
    await export_events()
    path.rename(tmp_path / "events.jsonl.1")
    await happen("three")
    await export_events()
    await export_events()
    assert (read(tmp_path / "events.jsonl.1"), read(path)) == (["one", "two\u2028lines"], ["three"])
    assert path.stat().st_mode & 0o137 == 0, "others read nothing"
    exported = json.loads(path.read_text())
    async with reading() as session:
        assert exported["hash"] == await session.scalar(
            text("SELECT encode(hash, 'hex') FROM events WHERE sequence = 3")
        )


async def test_a_line_that_a_full_disk_cut_off_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"half')
    delivery.append(path, [])
    assert path.read_text() == '{"half\n'


async def test_syslog_gets_frames_of_rfc_5424(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as receiver:
        export_to(monkeypatch, f"syslog+tcp://127.0.0.1:{receiver.port}")
        await happen("Ökonomie", "two")
        await export_events()
    head, _, message = receiver.frames[0].partition(b" - {")
    priority, at, _, app, process, kind = head.split(b" ")
    assert (priority, app, process, kind) == (b"<110>1", b"tca-infraforge", b"-", b"project_updated")
    assert at.endswith(b"Z")
    assert json.loads(b"{" + message)["subject_name"] == "Ökonomie"
    assert len(receiver.frames) == 2


async def test_what_a_broken_receiver_did_not_take_comes_in_order_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with receiving() as receiver:
        export_to(monkeypatch, f"syslog+tcp://127.0.0.1:{receiver.port}")
        receiver.resets = True
        await happen("one", "two")
        await export_events()
        async with transaction() as session:
            await session.execute(text("UPDATE event_exports SET at = now() - interval '1 hour'"))
        check = await PARTS["event_export"]()
        assert (check.status, check.detail.startswith("2 events wait, 3600 s")) == ("degraded", True)
        receiver.resets = False
        await happen("three")
        await export_events()
    names = [json.loads(frame.partition(b" - {")[2].join((b"{", b"")))["subject_name"] for frame in receiver.frames]
    assert names == ["one", "two", "three"]
    assert (await PARTS["event_export"]()).detail == "queue empty"


async def test_a_worker_that_dies_after_it_sent_sends_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    export_to(monkeypatch, f"file://{path}")
    await happen("one")
    async with transaction() as session:
        await delivery.deliver_batch(session)
        await session.rollback()
    await export_events()
    assert read(path) == ["one", "one"]


async def test_two_workers_do_not_deliver_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    export_to(monkeypatch, f"file://{path}")
    await happen("one")
    async with transaction() as first, transaction() as second:
        assert await delivery.deliver_batch(first) == 1
        assert await delivery.deliver_batch(second) == 0
    assert read(path) == ["one"]


async def test_who_was_erased_meanwhile_is_not_exported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    export_to(monkeypatch, f"file://{path}")
    boss, ana = await make_admin("boss"), await make_user("quintessa")
    await run(emit, ana, ProjectUpdated(subject_id=9, subject_name="Ledger"))
    await do_jobs()
    await run(erasure.erase_user, boss, ana.user_id)
    await export_events()
    assert "Ledger" in path.read_text()
    assert "quintessa" not in path.read_text().lower()


async def test_nothing_is_noted_while_there_is_no_target() -> None:
    await happen("one")
    assert (await run(service.read_backlog)).events == 0
    with pytest.raises(NotInUse):
        await PARTS["event_export"]()


async def test_the_command_writes_all_since_a_day_or_after_an_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BATCH", 2)
    await happen("one", "two", "three")

    async def written(since: datetime, after_id: int) -> tuple[list[str], int]:
        file = BytesIO()
        async with reading() as session:
            count, last = await write_events(session, file, since, after_id)
        names = [json.loads(line)["subject_name"] for line in file.getvalue().splitlines()]
        assert len(names) == count
        return names, last

    names, last = await written(datetime.min.replace(tzinfo=UTC), 0)
    assert names == ["one", "two", "three"]
    assert await written(datetime.min.replace(tzinfo=UTC), last - 1) == (["three"], last)
    assert await written(datetime.now(UTC) + timedelta(days=1), 0) == ([], 0)


def test_urls_that_are_no_target_are_refused() -> None:
    assert read_export_url("syslog+tls://[::1]") == SyslogReceiver("::1", 6514, has_tls=True)
    assert read_export_url("file:///var/log/a%20b.jsonl") == Path("/var/log/a b.jsonl")
    for url in ("file://relative", "file:///folder/", "syslog://host", "syslog+tcp://", "syslog+tcp://u:p@host",
                "syslog+tls://host/path", "syslog+tcp://host:99999", "https://host"):  # fmt: skip
        with pytest.raises(ValueError, match="must look like"):
            read_export_url(url)

"""Events reach a bucket: signed, with a checksum, in objects that a repeated delivery replaces."""

import json
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.consumers.event_export import export_events
from tca_app.core.database.session import reading, transaction
from tca_app.core.events.log import emit
from tca_app.core.export_url import Bucket, read_export_url
from tca_app.core.outgoing import object_store
from tca_app.features.event_export import delivery, service
from tca_app.features.projects.events import ProjectUpdated
from tests.factories import do_jobs, run
from tests.features.event_export.fake_s3 import KEY_ID, SECRET, FakeS3, storing


@pytest.fixture
async def store(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeS3]:
    """The target of the export; the environment has an identity that must not be used."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-somebody-else")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setattr(object_store, "MAX_RETRIES", 0)
    async with storing() as running:
        monkeypatch.setattr(get_settings(), "event_export_target", running.target)
        monkeypatch.setattr(get_settings(), "event_export_access_key_id", KEY_ID)
        monkeypatch.setattr(get_settings(), "event_export_secret_access_key", SecretStr(SECRET))
        yield running


async def happen(*names: str) -> None:
    for name in names:
        await run(emit, None, ProjectUpdated(subject_id=7, subject_name=name))
    await do_jobs()


def names(content: bytes) -> list[str]:
    return [json.loads(line)["subject_name"] for line in content.splitlines()]


async def waiting() -> int:
    return (await run(service.read_backlog)).events


async def test_a_batch_is_an_object_named_by_its_events(store: FakeS3) -> None:
    await happen("Ökonomie", "two")
    await export_events()
    await happen("three")
    await export_events()
    async with reading() as session:
        ids = list(await session.scalars(text("SELECT id FROM events ORDER BY id")))
        day = await session.scalar(text("SELECT to_char(min(at) AT TIME ZONE 'UTC', 'YYYY/MM/DD') FROM events"))
    assert {path: names(content) for path, content in store.objects.items()} == {
        f"/audit/console/log/{day}/{ids[0]:019}-{ids[1]:019}-2.jsonl": ["Ökonomie", "two"],
        f"/audit/console/log/{day}/{ids[2]:019}-{ids[2]:019}-1.jsonl": ["three"],
    }
    assert store.types == {"application/x-ndjson"}
    assert await waiting() == 0


async def test_a_repeated_delivery_replaces_its_object_and_one_of_more_events_adds_one(store: FakeS3) -> None:
    await happen("one")
    for _ in range(2):
        async with transaction() as session:
            await delivery.deliver_batch(session)
            await session.rollback()  # the worker died after it sent
    assert [names(content) for content in store.objects.values()] == [["one"]]
    await happen("two")
    await export_events()
    assert [names(content) for content in store.objects.values()] == [["one"], ["one", "two"]]


@pytest.mark.parametrize(("answer", "damages"), [(503, False), (403, False), (0, True)])
async def test_what_the_store_did_not_take_waits(store: FakeS3, answer: int, damages: bool) -> None:
    store.answer, store.damages = answer, damages
    await happen("one")
    await export_events()
    assert (store.objects, await waiting()) == ({}, 1)
    store.answer, store.damages = 0, False
    await export_events()
    assert [names(content) for content in store.objects.values()] == [["one"]]


async def test_a_wrong_key_is_refused_and_the_reason_has_no_secret(
    store: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "event_export_secret_access_key", SecretStr("another-secret-key"))
    await happen("one")
    async with transaction() as session:
        with pytest.raises(delivery.ExportError) as refusal:
            await delivery.deliver_batch(session)
    assert "403" in str(refusal.value)
    assert "another-secret-key" not in str(refusal.value)


async def test_a_store_that_is_away_is_an_export_error(monkeypatch: pytest.MonkeyPatch, store: FakeS3) -> None:
    monkeypatch.setattr(get_settings(), "event_export_target", "s3+http://127.0.0.1:9/audit")
    await happen("one")
    await export_events()
    assert await waiting() == 1


def test_urls_of_buckets() -> None:
    url = "s3+https://minio.example.com:9000/audit/a%20b/c/?region=eu-west-1"
    assert read_export_url(url) == Bucket("https://minio.example.com:9000", "audit", "a b/c", "eu-west-1")
    assert read_export_url("s3+http://127.0.0.1/audit") == Bucket("http://127.0.0.1", "audit", "", "us-east-1")
    for wrong in ("s3+https://host", "s3+https:///audit", "s3+https://k:s@host/audit", "s3+https://host/audit/../x",
                  "s3+https://host/audit?region=", "s3+https://host/audit?secret=x", "s3://audit",
                  "s3+https://host/..", "s3+https://host/audit?region=x%0ay"):  # fmt: skip
        with pytest.raises(ValueError, match="must look like"):
            read_export_url(wrong)

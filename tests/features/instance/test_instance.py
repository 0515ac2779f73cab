"""The instance settings over REST and in every module that reads them."""

import asyncio
import base64
import io
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.core.cache import follow
from tca_app.core.cache.local import LocalCache
from tca_app.core.database.session import reading, transaction
from tca_app.core.instance import instance_settings
from tca_app.core.security.tokens import password_fault
from tca_app.features.instance import service
from tests.core.test_pictures import png_of
from tests.factories import bearer, make_admin, make_user, until

PATH = "/api/v1/instance"


def image(kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", (6, 3), "red").save(file, kind, **options)
    return file.getvalue()


TEXT = PngInfo()
TEXT.add_text("Comment", "canary")
PNG, WEBP = image("PNG", pnginfo=TEXT), image("WEBP", xmp=b"canary", lossless=True)
CHANGES: dict[str, Any] = {
    "app_name": "Acme Console",
    "sign_up": "nobody",
    "two_factor_required": "administrators",
    "two_factor_grace_days": 3,
    "session_days": 2,
    "session_idle_minutes": 30,
    "password_min_length": 12,
    "time_zone": "Europe/Berlin",
    "language": "de",
    "status_public": True,
}


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "__pydantic_fields_set__", set())


def encoded(content: bytes) -> dict[str, str]:
    return {"content": base64.b64encode(content).decode()}


async def log() -> list[Any]:
    async with reading() as session:
        rows = await session.execute(
            text("SELECT data FROM events WHERE type = 'instance_settings_changed' ORDER BY id")
        )
        return list(rows.scalars())


async def test_every_setting_is_stored_and_read_back(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_admin("ada"))
    before = await api.get(PATH, headers=header)
    assert (before.json()["app_name"], before.json()["version"]) == ("TCA InfraForge", 0)
    answer = await api.patch(PATH, headers=header | {"If-Match": before.headers["ETag"]}, json=CHANGES)
    assert answer.status_code == 200, answer.text
    read = (await api.get(PATH, headers=header)).json()
    assert {name: read[name] for name in CHANGES} == CHANGES
    assert (read["changed_by"], read["version"], read["set_by_environment"]) == ("Ada", len(CHANGES), {})
    assert read["two_factor_since"] is not None
    assert {name: getattr(instance_settings(), name) for name in CHANGES} == CHANGES
    assert (await api.get("/api")).json()["name"] == "Acme Console"
    [event] = await log()
    assert event["after"] == CHANGES
    assert event["before"]["password_min_length"] == 8


async def test_the_same_values_again_change_nothing(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_admin())
    for _ in range(2):
        assert (await api.patch(PATH, headers=header, json={"session_days": 3})).json()["version"] == 1
    assert len(await log()) == 1


async def test_an_older_version_is_refused(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_admin())
    await api.patch(PATH, headers=header, json={"time_zone": "Asia/Tokyo"})
    answer = await api.patch(PATH, headers=header | {"If-Match": '"0"'}, json={"time_zone": "Europe/Paris"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (412, "/time_zone")
    assert instance_settings().time_zone == "Asia/Tokyo"


async def test_of_parallel_changes_with_one_version_one_is_stored(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_admin()) | {"If-Match": '"0"'}
    calls = [api.patch(PATH, headers=header, json={"session_days": day}) for day in range(1, 21)]
    codes = sorted(answer.status_code for answer in await asyncio.gather(*calls))
    assert codes == [200, *[412] * 19]


async def test_only_administrators_read_and_change_them(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_user())
    calls = (("GET", PATH, None), ("PATCH", PATH, {"session_days": 3}), ("PUT", f"{PATH}/logo", encoded(PNG)))
    for method, path, body in (*calls, ("DELETE", f"{PATH}/logo", None)):
        assert (await api.request(method, path, headers=header, json=body)).status_code == 403
        assert (await api.request(method, path, json=body)).status_code == 401
    assert await log() == []


async def test_a_change_needs_a_recent_proof_of_identity(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_admin())
    async with transaction() as session:
        await session.execute(text("UPDATE auth_sessions SET verified_at = now() - interval '11 minutes'"))
    for method, path, body in (("PATCH", PATH, {"session_days": 3}), ("PUT", f"{PATH}/logo", encoded(PNG))):
        answer = await api.request(method, path, headers=header, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "reauth_required")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("app_name", ""),
        ("app_name", "x" * 51),
        ("sign_up", "everybody"),
        ("two_factor_required", True),
        ("two_factor_grace_days", 91),
        ("session_days", 0),
        ("session_idle_minutes", 4),
        ("password_min_length", 7),
        ("password_min_length", "12"),
        ("time_zone", "Mars/Olympus"),
        ("language", "tlh"),
        ("time_zone", "../etc/passwd"),
        ("status_public", "on"),
        ("logo", "x"),
    ],
)
async def test_a_value_that_is_not_possible_is_refused_at_its_field(
    api: httpx.AsyncClient, field: str, value: object
) -> None:
    answer = await api.patch(PATH, headers=await bearer(await make_admin()), json={field: value})
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [f"/{field}"]


async def test_what_the_environment_sets_is_read_only_and_counts(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = await bearer(await make_admin())
    await api.patch(PATH, headers=header, json={"session_days": 3, "app_name": "Acme"})
    monkeypatch.setattr(get_settings(), "jwt_refresh_token_expire_days", 5)
    monkeypatch.setattr(get_settings(), "app_name", "Forge")
    read = (await api.get(PATH, headers=header)).json()
    assert (read["session_days"], read["app_name"]) == (5, "Forge")
    assert read["set_by_environment"] == {"session_days": "JWT_REFRESH_TOKEN_EXPIRE_DAYS", "app_name": "APP_NAME"}
    answer = await api.patch(PATH, headers=header, json={"session_days": 9, "time_zone": "Asia/Tokyo"})
    fault = {"pointer": "/session_days", "detail": "Set by JWT_REFRESH_TOKEN_EXPIRE_DAYS in the environment."}
    assert (answer.status_code, answer.json()["errors"]) == (422, [fault])
    assert instance_settings().time_zone == "UTC"


async def test_shorter_sessions_end_those_that_are_open(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_admin())
    async with transaction() as session:
        await session.execute(text("UPDATE auth_sessions SET created_at = now() - interval '25 hours'"))
    assert (await api.get(PATH, headers=header)).status_code == 200
    assert (await api.patch(PATH, headers=header, json={"session_days": 1})).status_code == 200
    async with transaction() as session:  # the session is cached for two seconds; a change of its row ends that
        await session.execute(text("UPDATE auth_sessions SET expires_at = expires_at"))
    assert (await api.get(PATH, headers=header)).status_code == 401


async def test_a_new_session_lasts_as_long_as_set(api: httpx.AsyncClient) -> None:
    await api.patch(PATH, headers=await bearer(await make_admin()), json={"session_days": 2})
    await bearer(await make_user("ana"))
    async with reading() as session:
        life = "SELECT expires_at - created_at FROM auth_sessions ORDER BY id DESC LIMIT 1"
        assert round((await session.execute(text(life))).scalar_one() / timedelta(days=1), 3) == 2


async def test_a_password_is_as_long_as_set(api: httpx.AsyncClient) -> None:
    assert password_fault("Green-Boat-42") is None
    await api.patch(PATH, headers=await bearer(await make_admin()), json={"password_min_length": 20})
    assert password_fault("Green-Boat-42") == "Use at least 20 characters."


async def test_the_public_page_follows(api: httpx.AsyncClient) -> None:
    assert (await api.get("/status/public.json")).status_code == 404
    await api.patch(PATH, headers=await bearer(await make_admin()), json={"status_public": True})
    assert (await api.get("/status/public.json")).status_code == 200


async def test_other_processes_follow_a_change(listening: LocalCache[Any]) -> None:
    task = asyncio.create_task(service.keep_current())  # it subscribes before `until` lets a notification in
    try:
        with psycopg.connect(get_settings().database_url.get_secret_value(), autocommit=True) as other:
            other.execute("INSERT INTO instance_settings (name, value) VALUES ('session_days', '4'), ('unknown', '1')")
        await until(lambda: instance_settings().session_days == 4)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_they_follow_without_notifications(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "POLL_S", 0.01)
    task = asyncio.create_task(service.keep_current())
    try:
        async with transaction() as session:
            await session.execute(text("INSERT INTO instance_settings (name, value) VALUES ('session_days', '4')"))
        await until(lambda: instance_settings().session_days == 4)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("content", [PNG, WEBP], ids=["png", "webp"])
async def test_a_logo_is_served_to_everybody(api: httpx.AsyncClient, content: bytes) -> None:
    header = await bearer(await make_admin())
    assert (await api.get(f"{PATH}/logo")).status_code == 404
    url = (await api.put(f"{PATH}/logo", headers=header, json=encoded(content))).json()["logo_url"]
    answer = await api.get(url)
    assert answer.headers["content-type"] == "image/webp"
    assert b"canary" in content
    assert b"canary" not in answer.content
    with Image.open(io.BytesIO(answer.content)) as stored:
        assert (stored.format, stored.size, stored.convert("RGB").getpixel((0, 0))) == ("WEBP", (6, 3), (255, 0, 0))
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await api.get(f"{PATH}/logo")).headers["cache-control"] == "no-cache"
    assert (await api.get(url, headers={"If-None-Match": answer.headers["etag"]})).status_code == 304
    assert base64.b64encode(answer.content).decode() not in str(await log())
    assert (await api.delete(f"{PATH}/logo", headers=header)).status_code == 204
    assert (await api.delete(f"{PATH}/logo", headers=header)).status_code == 404
    assert instance_settings().logo_url == ""


@pytest.mark.parametrize(
    "body",
    [
        encoded(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        encoded(b"GIF89a"),
        encoded(b"RIFF\x00\x00\x00\x00WAVE"),
        encoded(PNG[:40]),
        encoded(png_of(30_000, 30_000)),
        encoded(PNG + bytes(64 * 1024)),
        {"content": "a"},
        {"content": ""},
        {"content": "***"},
        {},
    ],
)
async def test_only_a_small_png_or_webp_is_a_logo(api: httpx.AsyncClient, body: dict[str, str]) -> None:
    answer = await api.put(f"{PATH}/logo", headers=await bearer(await make_admin()), json=body)
    assert (answer.status_code, [fault["pointer"] for fault in answer.json()["errors"]]) == (422, ["/content"])


async def test_a_page_of_another_site_cannot_send_a_logo(api: httpx.AsyncClient) -> None:
    await make_admin("ada")
    await api.post("/api/auth/session", json={"username": "ada", "password": "Green-Boat-42"})
    foreign = {"Origin": "https://evil.example"}
    assert (await api.put(f"{PATH}/logo", headers=foreign, json=encoded(PNG))).status_code == 403
    ours = {"Origin": get_settings().allowed_origins[0]}
    assert (await api.put(f"{PATH}/logo", headers=ours, json=encoded(PNG))).status_code == 200
    assert (await api.patch(PATH, headers=ours, json={"session_days": 3})).status_code == 401

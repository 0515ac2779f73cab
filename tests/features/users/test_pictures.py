"""Pictures of people over REST: upload, cache, removal, and what the erasure and the export do with them."""

import asyncio
import base64
import io
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import select

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.core.pictures import picture_url
from tca_app.features.users import pictures
from tca_app.models import LoggedEvent, User
from tests.factories import PASSWORD, bearer, make_admin, make_user, row_of

ME = "/api/v1/users/me/picture"


def picture(colour: str = "red") -> dict[str, str]:
    file = io.BytesIO()
    Image.new("RGB", (20, 20), colour).save(file, "PNG")
    return {"content": base64.b64encode(file.getvalue()).decode()}


async def log() -> list[Any]:
    async with reading() as session:
        found = await session.execute(select(LoggedEvent.type, LoggedEvent.data).order_by(LoggedEvent.id))
        return list(found)


async def uploaded(api: httpx.AsyncClient, owner: Actor, colour: str = "red") -> str:
    answer = await api.put(ME, headers=await bearer(owner), json=picture(colour))
    assert answer.status_code == 200
    return str(answer.json()["url"])


async def test_a_picture_is_served_to_everybody_who_is_signed_in_and_kept_by_its_hash(api: httpx.AsyncClient) -> None:
    ana, bob = await make_user("ana"), await bearer(await make_user("bob"))
    url = await uploaded(api, ana)
    assert url == picture_url(ana.user_id)
    answer = await api.get(url, headers=bob)
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    path = url.partition("?")[0]
    assert (await api.get(path, headers=bob)).headers["cache-control"] == "private, no-cache"
    assert (await api.get(f"{path}?v=another", headers=bob)).headers["cache-control"] == "private, no-cache"
    known = await api.get(url, headers=bob | {"If-None-Match": answer.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert (await api.get(url)).status_code == 401
    assert await uploaded(api, ana, "blue") != url


async def test_the_same_picture_again_changes_nothing(api: httpx.AsyncClient) -> None:
    ana = await make_user("ana")
    urls = {await uploaded(api, ana) for _ in range(2)}
    assert len(urls) == 1
    assert [event.type for event in await log()].count("user_picture_changed") == 1
    assert "content" not in str(await log())


async def test_only_the_person_and_administrators_remove_a_picture(api: httpx.AsyncClient) -> None:
    ana, admin = await make_user("ana"), await make_admin()
    url = (await uploaded(api, ana)).partition("?")[0]
    assert (await api.delete(url, headers=await bearer(await make_user("bob")))).status_code == 404
    assert (await api.delete(url, headers=await bearer(admin))).status_code == 204
    assert (await api.delete(url, headers=await bearer(ana))).status_code == 404
    assert (await api.get(url, headers=await bearer(ana))).status_code == 404
    assert picture_url(ana.user_id) == ""


@pytest.mark.parametrize(
    "body",
    [
        {"content": base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()},
        {"content": base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()},
        {"content": "A" * 700_000},
        {"content": "a"},
        {"content": ""},
        {},
    ],
)
async def test_only_an_image_is_taken(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await api.put(ME, headers=await bearer(await make_user("ana")), json=body)
    assert (answer.status_code, [fault["pointer"] for fault in answer.json()["errors"]]) == (422, ["/content"])


async def test_a_page_of_another_site_cannot_send_a_picture(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    await api.post("/api/auth/session", json={"username": "ana", "password": PASSWORD})
    assert (await api.put(ME, headers={"Origin": "https://evil.example"}, json=picture())).status_code == 403
    ours = {"Origin": get_settings().allowed_origins[0]}
    assert (await api.put(ME, headers=ours, json=picture())).status_code == 200


async def test_uploads_at_the_same_time_leave_one_picture(api: httpx.AsyncClient) -> None:
    ana = await make_user("ana")
    header = await bearer(ana)
    answers = await asyncio.gather(*(api.put(ME, headers=header, json=picture(f"#0000{n:02x}")) for n in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    await pictures.refresh()
    assert picture_url(ana.user_id) in {answer.json()["url"] for answer in answers}


async def test_a_picture_goes_with_the_person(api: httpx.AsyncClient) -> None:
    ana = await make_user("ana")
    url = await uploaded(api, ana)
    header = await bearer(ana)
    file = (await api.get(f"/api/v1/users/{ana.user_id}/export", headers=header)).json()
    [exported] = file["picture"]
    assert base64.b64decode(exported["content"]) == (await api.get(url, headers=header)).content
    assert (await api.post(f"/api/v1/users/{ana.user_id}/erase", headers=header)).status_code == 204
    await pictures.refresh()
    assert (await row_of(User, ana.user_id))["erased_at"] is not None
    assert picture_url(ana.user_id) == ""

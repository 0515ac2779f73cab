"""The time zone and the locale of a person, over REST."""

from typing import Any

import httpx
import pytest

from tests.factories import bearer, make_admin, make_token, make_user


async def patch(api: httpx.AsyncClient, user_id: int, header: dict[str, str], **fields: Any) -> httpx.Response:
    return await api.patch(f"/api/v1/users/{user_id}", headers=header, json=fields)


async def test_a_person_chooses_and_goes_back_to_the_browser(api: httpx.AsyncClient) -> None:
    ana = await make_user("ana")
    header = await bearer(ana)
    read = await api.get("/api/v1/users/me", headers=header)
    assert (read.json()["time_zone"], read.json()["locale"]) == (None, None)
    saved = await patch(api, ana.user_id, header, time_zone="Asia/Kolkata", locale="de-DE")
    assert (saved.json()["time_zone"], saved.json()["locale"]) == ("Asia/Kolkata", "de-DE")
    again = await api.get("/api/v1/users/me", headers=header)
    assert (again.json()["time_zone"], again.json()["locale"]) == ("Asia/Kolkata", "de-DE")
    cleared = await patch(api, ana.user_id, header, time_zone=None)
    assert (cleared.json()["time_zone"], cleared.json()["locale"]) == (None, "de-DE")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../etc/passwd"),
        ("time_zone", "localtime"),
        ("time_zone", ""),
        ("time_zone", "A" * 65),
        ("time_zone", 1),
        ("locale", "xx-YY"),
        ("locale", ""),
        ("locale", "de_DE"),
    ],
)
async def test_what_does_not_exist_is_refused_at_its_field(api: httpx.AsyncClient, field: str, value: Any) -> None:
    ana = await make_user("ana")
    answer = await patch(api, ana.user_id, await bearer(ana), **{field: value})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{field}")


async def test_only_the_person_and_administrators_change_it(api: httpx.AsyncClient) -> None:
    ana, bob, admin = await make_user("ana"), await make_user("bob"), await make_admin()
    assert (await patch(api, ana.user_id, await bearer(bob), time_zone="UTC")).status_code == 404
    _, readonly = await make_token(ana, scopes=["read"])
    assert (await patch(api, ana.user_id, readonly, time_zone="UTC")).status_code == 403
    assert (await patch(api, ana.user_id, await bearer(admin), time_zone="Asia/Tokyo")).status_code == 200


async def test_the_activity_has_the_change_and_the_export_the_value(api: httpx.AsyncClient) -> None:
    ana = await make_user("ana")
    header = await bearer(ana)
    await patch(api, ana.user_id, header, time_zone="Europe/Paris", locale="fr-FR")
    (event,) = (await api.get("/api/v1/activity", headers=header, params={"type": "user_updated"})).json()
    assert event["before"] == {"time_zone": None, "locale": None}
    assert event["after"] == {"time_zone": "Europe/Paris", "locale": "fr-FR"}
    exported = await api.get(f"/api/v1/users/{ana.user_id}/export", headers=header)
    (profile,) = exported.json()["profile"]
    assert (profile["time_zone"], profile["locale"]) == ("Europe/Paris", "fr-FR")

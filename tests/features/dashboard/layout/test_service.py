"""Dashboard layouts over REST: each user has one, and invalid ones are refused."""

from typing import Any

import httpx
import pytest

from tca_app.features.dashboard.layout.service import CARDS, ON_REQUEST, PANELS
from tests.factories import bearer, make_admin, make_user

LAYOUT = "/api/v1/users/me/dashboard"
STANDARD = {"cards": [*CARDS], "panels": [*PANELS], "hidden": [*ON_REQUEST]}


async def test_everybody_has_their_own_and_may_go_back_to_the_standard(api: httpx.AsyncClient) -> None:
    mine, other = await bearer(await make_admin()), await bearer(await make_admin())
    assert (await api.get(LAYOUT, headers=mine)).json() == STANDARD
    wanted = {"cards": [*reversed(CARDS)], "panels": [*PANELS], "hidden": ["users", "newest_users"]}
    saved = await api.put(LAYOUT, headers=mine, json=wanted)
    assert (saved.status_code, saved.json()) == (200, wanted)
    assert (await api.get(LAYOUT, headers=mine)).json() == wanted
    assert (await api.get(LAYOUT, headers=other)).json() == STANDARD
    for _ in range(2):
        assert (await api.delete(LAYOUT, headers=mine)).status_code == 204
    assert (await api.get(LAYOUT, headers=mine)).json() == STANDARD


async def test_omitted_and_new_cards_have_their_default_position(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_admin())
    older = {"cards": ["deployments", "users"], "panels": ["system_health"], "hidden": []}
    found = (await api.put(LAYOUT, headers=header, json=older)).json()
    assert found["cards"] == ["deployments", "health", "success_rate", "users", "projects"]
    assert found["panels"] == [*PANELS]


async def test_who_has_chosen_a_layout_keeps_the_newest_users_and_projects(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_admin())
    everything = STANDARD | {"hidden": []}
    await api.put(LAYOUT, headers=header, json=everything)
    assert (await api.get(LAYOUT, headers=header)).json() == everything


async def test_a_member_has_no_cards_that_they_may_not_see(api: httpx.AsyncClient) -> None:
    member = await bearer(await make_user())
    usual = (await api.get(LAYOUT, headers=member)).json()
    assert usual["hidden"] == ["newest_projects"]
    assert not {"users", "users_over_time", "newest_users"} & {*usual["cards"], *usual["panels"]}
    assert (await api.put(LAYOUT, headers=member, json=STANDARD | {"hidden": ["users"]})).json()["hidden"] == []


@pytest.mark.parametrize(
    ("change", "pointer", "detail"),
    [
        ({"cards": ["users", "money"]}, "/cards/1", "Input should be"),
        ({"cards": ["deploying_now"]}, "/cards/0", "Input should be"),
        ({"panels": ["deploying_now", "deploying_now"]}, "/panels", "List each name once."),
        ({"hidden": ["users"] * 5_000}, "/hidden", "at most"),
        ({"hidden": "users"}, "/hidden", "list"),
        ({"more": []}, "/more", "Unknown field."),
    ],
)
async def test_a_bad_one_is_refused_and_the_saved_one_stays(
    api: httpx.AsyncClient, change: dict[str, Any], pointer: str, detail: str
) -> None:
    header = await bearer(await make_admin())
    kept = STANDARD | {"hidden": ["health"]}
    await api.put(LAYOUT, headers=header, json=kept)
    refused = await api.put(LAYOUT, headers=header, json=STANDARD | change)
    assert refused.status_code == 422, refused.text
    [fault] = refused.json()["errors"]
    assert (fault["pointer"].startswith(pointer), detail in fault["detail"]) == (True, True), fault
    assert (await api.get(LAYOUT, headers=header)).json() == kept

"""The tier of an environment: guessed from its name on creation, changed by people."""

import httpx
import pytest

from tca_app.features.environments.tiers import guess_tier
from tests.factories import bearer, make_project, make_user

NAMES = {
    "production": "production prod Production PROD prd live eu-prod prod-2 prod1 production.eu live_us",
    "staging": "staging stage stg uat UAT pre-prod preprod pre-production pre_live staging2 eu-staging",
    "testing": "test testing qa ci qa-3 prod-test load_test",
    "development": "dev development local sandbox preview preview-17 dev-anna",
    "other": "demo customers non-prod nonprod not-live product produce devil contest latest 7 livestream",
}


@pytest.mark.parametrize(("name", "tier"), [(name, tier) for tier, names in NAMES.items() for name in names.split()])
def test_the_tier_is_guessed_from_the_name(name: str, tier: str) -> None:
    assert guess_tier(name) == tier


async def test_a_new_environment_has_the_tier_of_its_name_unless_one_is_given(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    url, header = f"/api/v1/projects/{await make_project(owner)}/environments", await bearer(owner)
    for given, tier in (
        ({"name": "prod"}, "production"),
        ({"name": "qa", "tier": None}, "testing"),
        ({"name": "live", "tier": "development"}, "development"),
    ):
        made = await api.post(url, json=given, headers=header)
        assert (made.status_code, made.json()["tier"]) == (201, tier)
    listed = (await api.get(url, headers=header)).json()
    assert {place["name"]: place["tier"] for place in listed} == {
        "development": "development",
        "staging": "staging",
        "production": "production",
        "prod": "production",
        "qa": "testing",
        "live": "development",
    }


async def test_a_tier_is_changed_and_stays_when_the_name_changes(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    url, header = f"/api/v1/projects/{await make_project(owner)}/environments", await bearer(owner)
    made = (await api.post(url, json={"name": "eu"}, headers=header)).json()
    assert made["tier"] == "other"
    one = f"{url}/{made['id']}"
    for change, tier in (({"tier": "production"}, "production"), ({"name": "staging-eu"}, "production")):
        assert (await api.patch(one, json=change, headers=header)).json()["tier"] == tier
    for wrong in ("prod", "", None, "Production"):
        assert (await api.patch(one, json={"tier": wrong}, headers=header)).status_code == 422

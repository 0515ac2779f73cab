"""The search for deployments that are not typed exactly: whose it finds, and how many it tries."""

import pytest

from tca_app.core.actor import Actor
from tca_app.core.database import similar
from tca_app.features.deployments.listing.similar import find_similar
from tests.factories import make_admin, make_deployment, make_project, make_user, run


async def found(actor: Actor, text: str) -> list[str]:
    return [deployment.version for deployment in await run(find_similar, actor, text)]


async def test_members_find_theirs_however_much_others_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar, "SIMILAR_OF_EACH", 2)
    ana, bob = await make_user("ana"), await make_user("bob")
    checkout, noise = await make_project(ana, "Checkout"), await make_project(bob, "Noise")
    for number in range(3):
        await make_deployment(checkout, version=f"release-{number}")
    for number in range(3):
        await make_deployment(noise, version=f"nightly-{number}")
    assert await found(ana, "rls") == ["release-2", "release-1"]
    monkeypatch.setattr(similar, "SIMILAR_AMONG", 2)
    assert await found(await make_admin(), "rls") == []


async def test_words_of_the_project_and_the_environment_narrow_it_down() -> None:
    ana = await make_user("ana")
    for name in ("Checkout", "Billing"):
        project_id = await make_project(ana, name)
        for environment in ("production", "staging"):
            await make_deployment(project_id, environment, version=f"release-{name}-{environment[0]}")
    assert await found(ana, "chkt rlse") == ["release-Checkout-s", "release-Checkout-p"]
    assert await found(ana, "prdct rlse bllg") == ["release-Billing-p"]
    assert await found(ana, "prdctn") == []

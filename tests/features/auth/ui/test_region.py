"""The form of the time zone and the locale in the settings, and who wins: the person or their browser."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.features.auth.ui.region_state import LOCALE_OPTIONS, RegionState
from tca_app.features.environments.ui.freeze_state import FreezeState
from tca_app.features.environments.ui.freezes_state import FreezesState
from tca_app.models import User
from tca_app.ui.session import SessionState
from tests.factories import make_freeze, make_project, make_user, row_of
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def test_a_saved_choice_is_shown_at_once_and_an_unknown_one_is_refused(console: Console) -> None:
    ana = await make_user("ana")
    tab = Tab(console, "tab", await sign_in(ana), "/settings")
    await tab.hydrate()
    opened = await tab.send(RegionState.load)
    assert shown(opened, RegionState, "form_values") == {"time_zone": "", "locale": ""}
    form = {"nonce": shown(opened, RegionState, "form_nonce"), "time_zone": "Berlin", "locale": "de-DE"}
    refused = await tab.send(RegionState.save, form=form)
    assert shown(refused, RegionState, "form_errors") == {
        "time_zone": "Enter a time zone, such as Europe/Berlin or UTC."
    }
    saved = await tab.send(RegionState.save, form=form | {"time_zone": " Europe/Berlin "})
    assert (shown(saved, SessionState, "time_zone"), shown(saved, SessionState, "locale")) == ("Europe/Berlin", "de-DE")
    form |= {"nonce": shown(saved, RegionState, "form_nonce"), "time_zone": "", "locale": ""}
    await tab.send(RegionState.save, form=form)
    row = await row_of(User, ana.user_id)
    assert (row["time_zone"], row["locale"]) == (None, None)


async def test_the_choice_of_the_person_wins_over_the_browser(console: Console) -> None:
    owner = await make_user("olga", time_zone="Asia/Tokyo")
    project_id = await make_project(owner)
    tab = Tab(console, "tab", await sign_in(owner), f"/projects/{project_id}?tab=settings")
    tab.headers["cookie"] += "; time_zone=Europe/Berlin; locale=en-GB"
    await tab.hydrate()
    opened = await tab.send(FreezeState.open_create, project_id=project_id)
    assert shown(opened, FreezeState, "zone_text") == "Asia/Tokyo, UTC+9"


@pytest.mark.parametrize(
    ("locale", "when"),
    [
        ("de-DE", "24.12.2098, 18:00 to 25.12.2098, 18:00 (Asia/Tokyo, UTC+9)"),
        (None, "24/12/2098, 18:00 to 25/12/2098, 18:00 (Asia/Tokyo, UTC+9)"),
    ],
)
async def test_dates_are_as_the_person_chose_or_as_the_browser_says(
    console: Console, locale: str | None, when: str
) -> None:
    owner = await make_user("olga", time_zone="Asia/Tokyo", locale=locale)
    project_id = await make_project(owner)
    starts_at = datetime(2098, 12, 24, 9, tzinfo=UTC)
    await make_freeze(project_id, starts_at=starts_at, ends_at=starts_at + timedelta(days=1))
    tab = Tab(console, "tab", await sign_in(owner), f"/projects/{project_id}?tab=settings")
    tab.headers["cookie"] += "; time_zone=Europe/Berlin; locale=en-GB"
    await tab.hydrate()
    (window,) = shown(await tab.send(FreezesState.load), FreezesState, "rows")
    assert window["when"] == when


@pytest.mark.parametrize(("locale", "when"), [(None, "24.12.2098, 09:00"), ("en-GB", "24/12/2098, 09:00")])
async def test_in_german_dates_are_german_in_an_english_browser_unless_chosen_otherwise(
    console: Console, locale: str | None, when: str
) -> None:
    owner = await make_user("olga", time_zone="UTC", locale=locale, language="de")
    project_id = await make_project(owner)
    starts_at = datetime(2098, 12, 24, 9, tzinfo=UTC)
    await make_freeze(project_id, starts_at=starts_at, ends_at=starts_at + timedelta(days=1))
    tab = Tab(console, "tab", await sign_in(owner), f"/projects/{project_id}?tab=settings")
    tab.headers["cookie"] += "; locale=en-US"
    await tab.hydrate()
    (window,) = shown(await tab.send(FreezesState.load), FreezesState, "rows")
    assert window["when"].startswith(f"{when} bis ")


def test_each_locale_is_offered_with_a_sample() -> None:
    offered = {tag: str(text) for tag, text in LOCALE_OPTIONS}
    assert offered[""] == "As in your browser"
    assert all(words in offered["en-US"] for words in ("English (United States)", "12/31/2026, 04:30 PM, 1,234.5"))
    assert all(words in offered["de-CH"] for words in ("German (Switzerland)", "31.12.2026, 16:30"))

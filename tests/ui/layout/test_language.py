"""The language of a person: the setting, else the cookie, else the browser's; scripts read English."""

import httpx
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.ui.layout.language import LanguageState
from tca_app.ui.session import SessionState
from tests.factories import bearer, make_user
from tests.ui.harness import Tab, console_on, shown, sign_in

GERMAN = {"accept-language": "de-DE,de;q=0.9"}


async def test_the_setting_comes_before_the_cookie_and_that_before_the_browser() -> None:
    ana = await make_user("ana")
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "tab", await sign_in(ana))
        assert shown(await tab.hydrate(), SessionState, "language") == "en"
        tab.headers |= GERMAN
        await tab.hydrate()
        assert shown(await tab.send(SessionState.enter), SessionState, "language") in ("de", None)
        chosen = await tab.send(LanguageState.choose, chosen="en")
        assert shown(chosen, SessionState, "chosen_language") == "en"
        assert shown(chosen, SessionState, "language") == "en"
        cleared = await tab.send(LanguageState.choose, chosen=None)
        assert shown(cleared, SessionState, "language") == "de"


async def test_an_unknown_language_is_refused(api: httpx.AsyncClient) -> None:
    ana = await make_user("ana")
    header = await bearer(ana)
    refused = await api.patch(f"/api/v1/users/{ana.user_id}", json={"language": "xx"}, headers=header)
    assert refused.status_code == 422
    saved = await api.patch(f"/api/v1/users/{ana.user_id}", json={"language": "de"}, headers=header)
    assert saved.json()["language"] == "de"


async def test_rest_is_english_for_scripts_and_in_the_language_of_our_own_pages(api: httpx.AsyncClient) -> None:
    body = {"username": "nobody", "password": "Wrong-Boat-42"}
    script = await api.post("/api/auth/session", json=body, headers=GERMAN)
    page = await api.post("/api/auth/session", json=body, headers=GERMAN | {"x-requested-with": "tca-console"})
    assert script.json()["detail"].startswith("Incorrect username or password.")
    assert page.json()["detail"].startswith("Benutzername oder Passwort falsch.")

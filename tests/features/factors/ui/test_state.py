"""The tab "Two-factor" without a browser: what is shown once is in no state."""

import json

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from reflex.state import StateUpdate

from tca_app.core import instance
from tca_app.core.actor import Actor
from tca_app.features.factors.ui.form_state import FactorFormState
from tca_app.features.factors.ui.sign_in_state import SecondFactorState
from tca_app.features.factors.ui.state import CODES, QR_CODE, SECRET, FactorsState
from tca_app.ui.session import SessionState
from tests.factories import make_factor, make_user
from tests.features.auth.test_step_up import grow_old
from tests.features.factors.accounts import code_of
from tests.features.factors.authenticator import Device
from tests.ui.harness import Tab, console_on, redirects, shown, sign_in


def written(updates: list[StateUpdate]) -> dict[str, str]:
    """What was written into fields of the page, by field."""
    events = [event for update in updates for event in update.events or [] if event.name == "_set_value"]
    return {str(event.payload["ref"]): str(event.payload["value"]) for event in events}


async def tab_of(console: object, person: Actor) -> Tab:
    tab = Tab(console, "tab", await sign_in(person), "/settings")  # type: ignore[arg-type]
    await tab.hydrate()
    return tab


async def test_an_app_is_added_and_its_secrets_are_in_no_state() -> None:
    ana = await make_user("ana")
    async with console_on(StateManagerMemory()) as console:
        tab = await tab_of(console, ana)
        nonce = shown(await tab.send(FactorFormState.open_totp), FactorFormState, "form_nonce")
        made = await tab.send(FactorFormState.save, form={"name": "Phone", "nonce": nonce})
        fields = written(made)
        secret = fields[f"ref_{SECRET.replace('-', '_')}"]
        assert fields[f"ref_{QR_CODE.replace('-', '_')}"].startswith("data:image/svg+xml")
        assert secret not in str([update.delta for update in made])
        wrong = await tab.send(FactorsState.confirm_setup, form={"code": "12"})
        assert shown(wrong, FactorsState, "setup_error") == "Use at least 6 characters."
        done = await tab.send(FactorsState.confirm_setup, form={"code": code_of(secret)})
        codes = written(done)[f"ref_{CODES.replace('-', '_')}"].split("\n")
        assert len(codes) == 10
        assert not [code for code in codes if code in str([update.delta for update in done])]
        assert shown(done, FactorsState, "are_codes_shown") is True
        assert [row["name"] for row in shown(done, FactorsState, "factors")] == ["Phone"]


async def test_the_last_factor_is_removed_after_a_confirmation() -> None:
    ana = await make_user("ana")
    factor_id = await make_factor(ana)
    async with console_on(StateManagerMemory()) as console:
        tab = await tab_of(console, ana)
        loaded = await tab.send(FactorsState.refresh)
        assert shown(loaded, FactorsState, "is_last") is True
        await tab.send(FactorsState.act, _form={})
        assert shown(await tab.send(FactorsState.ask_remove, factor_id=factor_id), FactorsState, "asking") == "remove"
        removed = await tab.send(FactorsState.act, _form={})
        assert shown(removed, FactorsState, "factors") == []


async def test_a_required_last_factor_is_said_to_stay_before_anybody_confirms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance, "_stored", {"two_factor_required": "everybody"})
    ana = await make_user("ana")
    factor_id = await make_factor(ana)
    async with console_on(StateManagerMemory()) as console:
        tab = await tab_of(console, ana)
        await tab.send(FactorsState.refresh)
        assert shown(await tab.send(FactorsState.ask_remove, factor_id=factor_id), FactorsState, "is_kept") is True
        await tab.send(FactorsState.cancel_asking)
        await make_factor(ana, name="Tablet")
        await tab.send(FactorsState.refresh)
        asked = await tab.send(FactorsState.ask_remove, factor_id=factor_id)
        assert shown(asked, FactorsState, "asking") == "remove"
        assert shown(asked, FactorsState, "is_kept") is not True


async def test_a_passkey_is_added_and_confirms_a_sensitive_change() -> None:
    ana, device = await make_user("ana"), Device()
    async with console_on(StateManagerMemory()) as console:
        tab = await tab_of(console, ana)
        nonce = shown(await tab.send(FactorFormState.open_passkey), FactorFormState, "form_nonce")
        asked = await tab.send(FactorFormState.save, form={"name": 'My "laptop"', "nonce": nonce})
        options = json.loads(shown(asked, FactorsState, "passkey_options"))
        await tab.send(FactorsState.add_passkey, form={"credential": ""})
        assert await tab.send(FactorsState.add_passkey, form={"credential": json.dumps(device.create(options))}) == []
        nonce = shown(await tab.send(FactorFormState.open_passkey), FactorFormState, "form_nonce")
        asked = await tab.send(FactorFormState.save, form={"name": 'My "laptop"', "nonce": nonce})
        options = json.loads(shown(asked, FactorsState, "passkey_options"))
        made = await tab.send(FactorsState.add_passkey, form={"credential": json.dumps(device.create(options))})
        assert [row["name"] for row in shown(made, FactorsState, "factors")] == ['My "laptop"']

        await grow_old()
        refused = await tab.send(FactorsState.ask_renew)
        refused = await tab.send(FactorsState.act, _form={})
        assert shown(refused, SessionState, "proof_methods") == ["passkey", "recovery_code"]
        options = json.loads(shown(await tab.send(SessionState.ask_for_passkey), SessionState, "proof_options"))
        given = await tab.send(SessionState.give_passkey, form={"credential": json.dumps(device.get(options))})
        assert shown(given, SessionState, "proof_is_asked") is False
        assert shown(given, FactorsState, "are_codes_shown") is True


async def test_nobody_sees_the_second_step_without_the_first() -> None:
    await make_factor(await make_user("ana"))
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "tab", "", "/login/second-factor")
        assert redirects(await tab.send(SecondFactorState.enter_second_factor)) == ["/login"]

"""A new SECRET_KEY: what the former one encrypted or signed is accepted beside it, and encrypted again by a command."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import LargeBinary, select, text, update
from sqlmodel import SQLModel
from typer.testing import CliRunner

from tca_app.__main__ import commands
from tca_app.config.production import production_faults
from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.database.session import close_db, reading, transaction
from tca_app.core.security.encryption import decrypt, encrypt
from tca_app.core.security.tokens import keyed_token, token_hash
from tca_app.features.auth import throttle
from tca_app.features.auth.oauth.pending import new_flow
from tca_app.features.deployments.github import secret as github
from tca_app.features.factors import recovery_codes, totp
from tca_app.features.secret_key import rotation
from tca_app.features.slack import service as slack
from tca_app.features.slack.schemas import SlackUpdate
from tca_app.features.subscribers.service import SEALED_FOR
from tca_app.features.webhooks import service as webhooks, signing
from tca_app.models import Factor, RecoveryCode, Webhook
from tca_app.models.base import SEALED
from tests.factories import make_admin, make_project, make_subscriber, make_user, make_webhook, run, signed_in
from tests.features.auth.test_throttle import client_at
from tests.features.factors.accounts import Account, account_with_app
from tests.features.factors.authenticator import Device
from tests.features.factors.test_passkeys import create_on, sign_in

pytestmark = pytest.mark.usefixtures("as_a_command")

__all__ = ["client_at"]
SLACK_URL = "https://hooks.slack.com/services/T0/B0/rotated"
NEW_KEY = "u1GmG4Q3hSfpJ8z2nYt6WqLr5XcVb9Ke"
# Columns of bytes that no key encrypts: hashes, public keys, pictures and files to import.
PLAIN_BYTES = {
    "api_tokens.token_hash",
    "auth_sessions.previous_refresh_hash",
    "auth_sessions.refresh_hash",
    "auth_sessions.token_hash",
    "event_erasures.seal",
    "event_heads.hash",
    "event_removals.hash",
    "events.hash",
    "events.previous_hash",
    "events.salt",
    "factors.credential_id",
    "factors.public_key",
    "idempotency_keys.fingerprint",
    "imports.content",
    "invitations.token_hash",
    "one_time_tokens.token_hash",
    "pending_sign_ins.browser_hash",
    "pending_sign_ins.state_hash",
    "status_subscribers.token_hash",
    "used_id_tokens.token_hash",
    "user_pictures.content",
}
Reader = Callable[[], Awaitable[Any]]


@pytest.fixture
def new_key(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Replace SECRET_KEY and keep the former one as SECRET_KEY_PREVIOUS."""

    def replace() -> None:
        monkeypatch.setattr(get_settings(), "secret_key_previous", get_settings().secret_key)
        monkeypatch.setattr(get_settings(), "secret_key", SecretStr(NEW_KEY))

    return replace


@pytest.fixture
def without_previous(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    return lambda: monkeypatch.setattr(get_settings(), "secret_key_previous", SecretStr(""))


async def _value(query: str) -> Any:
    async with reading() as session:
        return (await session.execute(text(query))).scalar()


async def secrets_of_each_kind(api: httpx.AsyncClient) -> dict[str, tuple[Any, Reader]]:
    """Make a row of each encrypted column, as people do. Returns what reading it gives, and how it is read."""
    ana = await account_with_app(api)
    project = await make_project(ana.actor)
    hook = await make_webhook(ana.actor, project_id=project)
    rotated = await run(webhooks.rotate_secret, ana.actor, hook.id)
    await run(slack.update_channel, ana.actor, project, SlackUpdate(url=SLACK_URL))
    made = await run(github.rotate_hook, ana.actor, project)
    await make_subscriber(token="t" * 43)

    async def of_app() -> str:
        sealed = await _value("SELECT sealed_secret FROM factors WHERE kind = 'totp'")
        return totp.unseal(sealed, ana.actor.user_id)

    async def of_slack() -> str:
        found = await run(slack.find_url, project)
        return found[1] if found else ""

    async def of_code() -> str:
        sealed = await _value("SELECT code_hash FROM recovery_codes ORDER BY id LIMIT 1")
        return decrypt(sealed, f"recovery_code:{ana.actor.user_id}")

    async def of_subscriber() -> str:
        return decrypt(await _value("SELECT token FROM status_subscribers"), SEALED_FOR)

    async def of_webhook(column: str) -> str:
        return signing.opened(await _value(f"SELECT {column} FROM webhooks"))

    code = token_hash(recovery_codes.tidy(ana.recovery_codes[0])).hex()
    return {
        "factors.sealed_secret": (ana.secret, of_app),
        "github_hooks.sealed_secret": (made.secret, lambda: run(github.secret_of, project)),
        "recovery_codes.code_hash": (code, of_code),
        "slack_channels.sealed_url": (SLACK_URL, of_slack),
        "status_subscribers.token": ("t" * 43, of_subscriber),
        "webhooks.secret": (rotated.secret, lambda: of_webhook("secret")),
        "webhooks.old_secret": (hook.secret, lambda: of_webhook("old_secret")),
    }


def test_every_column_of_bytes_is_encrypted_and_rotated_or_listed_as_a_hash() -> None:
    """A new column of encrypted values is made with `models.base.sealed`, and the next test reads one."""
    found = {
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and SEALED not in column.info
    }
    assert found == PLAIN_BYTES


async def test_each_kind_is_read_with_both_keys_and_after_the_rotation_with_the_new_one(
    api: httpx.AsyncClient, new_key: Callable[[], None], without_previous: Callable[[], None]
) -> None:
    kinds = await secrets_of_each_kind(api)
    columns = {f"{column.table.name}.{column.name}": column for column in rotation.sealed_columns()}
    assert set(columns) == set(kinds)
    new_key()
    for name, (secret, read) in kinds.items():
        assert await read() == secret, name
    for name, column in columns.items():
        done = await rotation.rotate_column(column)
        count = 10 if name == "recovery_codes.code_hash" else 1
        assert (done.encrypted, done.current, done.unreadable) == (count, 0, 0), name
        assert (await rotation.rotate_column(column)).current == count, name
    without_previous()
    for name, (secret, read) in kinds.items():
        assert await read() == secret, name


async def test_batches_go_on_where_a_run_ended_and_keep_what_neither_key_decrypts(
    api: httpx.AsyncClient, new_key: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await make_user("ana")
    made = [await make_webhook(ana, project_id=await make_project(ana)) for _ in range(5)]
    async with transaction() as session:
        lost = update(Webhook).where(Webhook.id == made[1].id).values(secret=b"\x01damaged")  # type: ignore[arg-type]
        await session.execute(lost)
        times = select(Webhook.__table__.c.updated_at).order_by(Webhook.__table__.c.id)
        before = (await session.execute(times)).scalars().all()
    new_key()
    monkeypatch.setattr(rotation, "BATCH", 2)
    column = Webhook.__table__.c.secret
    calls: list[str] = []

    def ends(value: str, purpose: str) -> bytes:
        calls.append(value)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return encrypt(value, purpose)

    monkeypatch.setattr(rotation, "encrypt", ends)
    with pytest.raises(KeyboardInterrupt):
        await rotation.rotate_column(column)
    monkeypatch.setattr(rotation, "encrypt", encrypt)
    done = await rotation.rotate_column(column)
    assert (done.encrypted, done.current, done.unreadable) == (1, 3, 1)
    assert done.summary.endswith("1 encrypted again, 3 were up to date, 1 that neither key decrypts")
    async with transaction() as session:
        assert (await session.execute(times)).scalars().all() == before


async def _codes_left(account: Account) -> list[bool]:
    used = [await run(recovery_codes.use, account.actor.user_id, code) for code in account.recovery_codes[:2]]
    return [*used, await run(recovery_codes.use, account.actor.user_id, account.recovery_codes[0])]


async def test_recovery_codes_work_under_both_keys_also_those_of_an_older_version(
    api: httpx.AsyncClient, new_key: Callable[[], None], without_previous: Callable[[], None]
) -> None:
    ana = await account_with_app(api)
    first = token_hash(keyed_token("recovery_code", str(ana.actor.user_id), recovery_codes.tidy(ana.recovery_codes[0])))
    third = token_hash(keyed_token("recovery_code", str(ana.actor.user_id), recovery_codes.tidy(ana.recovery_codes[2])))
    async with transaction() as session:
        ids = list((await session.execute(select(RecoveryCode.__table__.c.id).order_by(text("id")))).scalars())
        for code_id, keyed in ((ids[0], first), (ids[2], third)):
            await session.execute(update(RecoveryCode).where(text(f"id = {code_id}")).values(code_hash=keyed))
    new_key()
    assert await _codes_left(ana) == [True, True, False]
    assert await rotation.count_keyed_codes() == 1
    done = await rotation.rotate_column(RecoveryCode.__table__.c.code_hash)
    assert (done.encrypted, done.unreadable) == (8, 0)
    without_previous()
    assert not await run(recovery_codes.use, ana.actor.user_id, ana.recovery_codes[2])
    assert await run(recovery_codes.use, ana.actor.user_id, ana.recovery_codes[3])


async def test_passkeys_work_after_the_former_key_is_gone(
    api: httpx.AsyncClient, new_key: Callable[[], None], without_previous: Callable[[], None]
) -> None:
    _, headers = await signed_in(await make_user("ana"))
    first, second = Device(), Device()
    (await create_on(api, headers, first)).raise_for_status()
    async with transaction() as session:
        await session.execute(update(Factor).values(user_handle=None))  # as a process of an older version adds it
    assert (await sign_in(api, first)).status_code == 204  # stores it
    new_key()
    without_previous()
    assert (await sign_in(api, first)).status_code == 204
    (await create_on(api, headers, second, "Phone")).raise_for_status()
    assert second.user_handle == first.user_handle
    first.user_handle = Device().create({"user": {"id": "AAAA"}, "challenge": ""})["id"]
    assert (await sign_in(api, first)).status_code == 401


async def test_what_the_former_key_signed_is_accepted_until_it_is_gone(
    api: httpx.AsyncClient, new_key: Callable[[], None], without_previous: Callable[[], None]
) -> None:
    device, flow = throttle.new_device(7), new_flow("github", "sign_in")
    before, keys = (flow.nonce, flow.verifier), signing.service_keys()
    header = (await signed_in(await make_user("ana")))[1]
    body = {"name": "Billing"}
    made = await api.post("/api/v1/projects", json=body, headers=header | {"Idempotency-Key": "k"})
    new_key()
    assert throttle.is_device_of(7, device)
    assert throttle.device_after_sign_in(7, device) != device
    assert (flow.nonce, flow.verifier) == before
    assert signing.service_keys()[1:] == keys
    again = await api.post("/api/v1/projects", json=body, headers=header | {"Idempotency-Key": "k"})
    assert (again.status_code, again.json()["id"]) == (made.status_code, made.json()["id"])
    later = new_flow("github", "sign_in")
    signed = later.verifier
    without_previous()
    assert later.verifier == signed
    assert not throttle.is_device_of(7, device)
    assert signing.service_keys() != keys


async def test_a_repeated_refresh_across_the_change_of_keys_gets_the_same_successor(
    api: httpx.AsyncClient, new_key: Callable[[], None]
) -> None:
    actor: Actor = await make_user("ana")
    login = await api.post("/api/auth/login", json={"username": actor.username, "password": "Green-Boat-42"})
    given = {"refresh_token": login.json()["refresh_token"]}
    first = (await api.post("/api/auth/refresh", json=given)).json()["refresh_token"]
    new_key()
    assert (await api.post("/api/auth/refresh", json=given)).json()["refresh_token"] == first
    assert (await api.post("/api/auth/refresh", json={"refresh_token": first})).status_code == 200


@pytest.fixture
def fresh_settings() -> Iterator[None]:
    yield
    get_settings.cache_clear()


@pytest.fixture
async def webhook() -> None:
    await make_webhook(await make_admin())
    await close_db()


def _call() -> tuple[int, str]:
    done = CliRunner().invoke(commands, ["rotate-secrets"])
    return done.exit_code, done.output


@pytest.mark.usefixtures("fresh_settings", "webhook")
def test_the_command_reports_counts_and_fails_for_what_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    former = get_settings().secret_key.get_secret_value()
    monkeypatch.setenv("SECRET_KEY", NEW_KEY)
    monkeypatch.setenv("SECRET_KEY_PREVIOUS", former)
    get_settings.cache_clear()
    code, output = _call()
    assert code == 0, output
    assert "webhooks.secret: 1 encrypted again, 0 were up to date\n" in output
    assert "SECRET_KEY decrypts everything" in output
    monkeypatch.setenv("SECRET_KEY", f"another {NEW_KEY}")
    monkeypatch.delenv("SECRET_KEY_PREVIOUS")
    get_settings.cache_clear()
    code, output = _call()
    assert code == 1
    assert "1 secret can be decrypted with neither key" in output
    assert NEW_KEY not in output


def test_production_refuses_a_former_key_that_is_short_or_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = get_settings()
    monkeypatch.setattr(settings, "secret_key_previous", SecretStr("short"))
    assert "SECRET_KEY_PREVIOUS must have at least 32 bytes" in production_faults(settings)
    monkeypatch.setattr(settings, "secret_key_previous", settings.secret_key)
    assert any(fault.startswith("SECRET_KEY_PREVIOUS must differ") for fault in production_faults(settings))

"""Redaction removes what looks like a secret, keeps what people need, and keeps JSON valid."""

from collections.abc import Iterator

import orjson
import pytest
from pydantic import SecretStr

from tca_app.config.settings import get_settings
from tca_app.core.telemetry.redaction import known_secrets, redact, redact_text


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "smtp_url": "smtp://me:p%40ss%22word@mail.example.com",
        "slack_webhook_url": "https://hooks.slack.com/services/T0/B0/abcdef",
        "sentry_dsn": "https://publickey@sentry.example.com/1",
        "metrics_token": "short",
    }.items():
        monkeypatch.setattr(get_settings(), name, SecretStr(value))
    known_secrets.cache_clear()
    yield
    known_secrets.cache_clear()


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ('535 not with p@ss"word', "535 not with [removed]"),
        (r'{"reason":"535 not with p@ss\"word"}', '{"reason":"535 not with [removed]"}'),
        ("smtp://me:p%40ss%22word@mail", "smtp://[removed]@mail"),
        ("POST https://hooks.slack.com/services/T0/B0/abcdef", "POST https://hooks.slack.com[removed]"),
        ("sent with publickey to 1", "sent with [removed] to 1"),
        ("postgresql://u:pw@h/db", "postgresql://[removed]@h/db"),
        ("Cookie: __Host-sid=abcdef; theme=dark", "Cookie: __Host-sid=[removed]; theme=dark"),
        ("{'password': 'a b', 'name': 'Bo'}", "{'password': '[removed]', 'name': 'Bo'}"),
        ("UserCreate(password='a b', name='Bo')", "UserCreate(password='[removed]', name='Bo')"),
        (r'{"x":"{\"refresh_token\":\"abc\"}"}', r'{"x":"{\"refresh_token\":\"[removed]\"}"}'),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer [removed]"),
        ("row (7, $argon2id$v=19$m=8,t=1,p=1$ab$cd, Bo)", "row (7, [removed] Bo)"),
        ("jwt eyJhbGciOiJI.eyJzdWIi.c2ln", "jwt [removed]"),
        ("GET /setup?token=abc&x=1", "GET /setup?token=[removed]&x=1"),
    ],
)
def test_what_looks_like_a_secret_goes(said: str, read: str) -> None:
    assert redact_text(said) == read
    assert redact_text(read) == read, "a second look changes nothing"


@pytest.mark.parametrize(
    "said",
    [
        "session_id=9 inside=true user=ana",
        "write to ana@example.com or see https://example.com/a@b",
        "Passwords must be long: a token of trust",
        "a short one",
    ],
)
def test_what_is_no_secret_stays(said: str) -> None:
    assert redact_text(said) == said


def test_telling_names_hide_what_stands_below_them() -> None:
    given = {"user": {"hashed_password": "x", "name": "Bo"}, "list": [{"api_token": 7}], "n": 1, "dsn": None}
    assert redact(given) == {
        "user": {"hashed_password": "[removed]", "name": "Bo"},
        "list": [{"api_token": "[removed]"}],
        "n": 1,
        "dsn": "[removed]",
    }


def test_a_scrubbed_line_is_still_json() -> None:
    line = orjson.dumps(
        {"event": "x", "path": '/a?token="q"', "is_token_set": True, "why": "password=\"a\" 'secret': 'b'"}
    )
    assert orjson.loads(redact_text(line.decode()))["event"] == "x"

"""An encrypted secret is decrypted for its purpose and under its key only."""

import pytest
from pydantic import SecretStr

from tca_app.config.settings import get_settings
from tca_app.core.security.encryption import DecryptionError, decrypt, encrypt


def test_it_opens_again_and_looks_different_each_time() -> None:
    first, second = encrypt("Grün-7", "hook:1"), encrypt("Grün-7", "hook:1")
    assert decrypt(first, "hook:1") == decrypt(second, "hook:1") == "Grün-7"
    assert first != second
    assert "Grün-7".encode() not in first


def test_it_does_not_open_for_another_purpose_or_when_damaged() -> None:
    sealed = encrypt("key", "hook:1")
    damaged = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for content, purpose in ((sealed, "hook:2"), (damaged, "hook:1"), (b"", "hook:1"), (b"\x01short", "hook:1")):
        with pytest.raises(DecryptionError):
            decrypt(content, purpose)


def test_it_does_not_open_under_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = encrypt("key", "hook:1")
    monkeypatch.setattr(get_settings(), "secret_key", SecretStr("another key that is long enough for this"))
    with pytest.raises(DecryptionError):
        decrypt(sealed, "hook:1")

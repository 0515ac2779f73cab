"""Secrets in files: what is read from them, and that an error never repeats their content."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from tca_app.config.schema import Settings
from tca_app.config.secret_files import FILE_NAMES, MAX_BYTES
from tca_app.config.settings import (
    ConfigError,
    Role,
    check_settings,
    get_settings,
    load_settings,
    unknown_settings,
)
from tca_app.server.restore import use_database

CANARY = "Canary7uKx2Vq9Zt3vN1xW7rL5yB9mK2cH6j"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*Settings.model_fields, *FILE_NAMES):
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def _file(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "secret"
    path.write_bytes(content)
    return str(path)


def _fault() -> str:
    with pytest.raises(ConfigError) as refused:
        load_settings()
    (fault,) = refused.value.faults
    assert CANARY not in fault
    assert "\n" not in fault
    return fault


def test_every_secret_setting_and_every_url_with_a_password_has_a_file() -> None:
    secrets = {name for name, field in Settings.model_fields.items() if field.annotation is SecretStr}
    urls = {name for name in Settings.model_fields if name.endswith("_url")} - {"public_url"}
    assert set(FILE_NAMES.values()) == secrets | urls


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"key", "key"),
        (b"key\n", "key"),
        (b"key\r\n", "key"),
        (b"key\n\n", "key\n"),
        (b" key\t\n", " key\t"),
        ("schlüssel\n".encode(), "schlüssel"),
        (b"k" * MAX_BYTES, "k" * MAX_BYTES),
    ],
)
def test_one_line_break_at_the_end_is_not_part_of_the_value(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, value: str
) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", _file(tmp_path, content))
    assert load_settings().secret_key.get_secret_value() == value


def test_the_path_may_stand_in_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"database_url_file={_file(tmp_path, b'postgres:///console')}\nDATABASE_URL=\n")
    assert load_settings().database_url.get_secret_value() == "postgresql:///console"
    assert unknown_settings() == []


def test_a_process_reads_a_file_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = _file(tmp_path, b"first")
    monkeypatch.setenv("SECRET_KEY_FILE", path)
    load_settings()
    Path(path).unlink()
    assert load_settings().secret_key.get_secret_value() == "first"


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_the_setting_and_its_file_are_not_set_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", _file(tmp_path, CANARY.encode()))
    if place == ".env":
        (tmp_path / ".env").write_text(f"SECRET_KEY={CANARY}")
    else:
        monkeypatch.setenv("SECRET_KEY", CANARY)
    assert _fault() == "SECRET_KEY and SECRET_KEY_FILE are both set; remove one of them"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it holds no text"),
        (b"\n", "it holds no text"),
        (CANARY.encode() + b"\0", "it holds no text"),
        (CANARY.encode() + b"\xff", "it is not UTF-8 text"),
        (CANARY.encode() * MAX_BYTES, "it has more than 64 KiB"),
    ],
)
def test_a_file_without_a_usable_secret_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, reason: str
) -> None:
    path = _file(tmp_path, content)
    monkeypatch.setenv("METRICS_TOKEN_FILE", path)
    assert _fault() == f"METRICS_TOKEN_FILE: {path!r} cannot be used: {reason}"


def test_a_file_that_is_missing_or_no_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # nobody writes to it: opening it would wait for ever
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    reasons = {"missing": "No such file or directory", "pipe": "it is not a file", "": "it is not a file"}
    for name, reason in (reasons | {"loop": "Too many levels of symbolic links"}).items():
        path = f"{tmp_path}/{name}"
        monkeypatch.setenv("SMTP_URL_FILE", path)
        assert _fault() == f"SMTP_URL_FILE: {path!r} cannot be used: {reason}"


def test_a_file_that_may_not_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_URL_FILE", "/proc/self/mem")  # a read of it fails for root, too
    assert _fault() == "SMTP_URL_FILE: '/proc/self/mem' cannot be used: Input/output error"


def test_restore_replaces_the_database_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL_FILE", "/run/secrets/database_url")
    monkeypatch.setenv("DATABASE_URL", "")
    use_database("postgresql:///elsewhere")
    get_settings.cache_clear()  # the next test has its own environment again
    assert load_settings().database_url.get_secret_value() == "postgresql:///elsewhere"


@pytest.mark.parametrize("value", [CANARY, f"postgresql://u:{CANARY}@db/console", f"./{CANARY}"])
def test_a_value_that_is_no_path_is_not_repeated(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DATABASE_URL_FILE", value)
    assert _fault() == "DATABASE_URL_FILE must be the absolute path of a file"


def test_an_invalid_content_is_refused_as_the_setting_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL_FILE", _file(tmp_path, f"mysql://u:{CANARY}@db/console".encode()))
    assert _fault() == "DATABASE_URL: must start with postgresql://"


def test_errors_of_files_are_named_beside_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"ENVIRONMENT": "production", "PORT": "x", "PUBLIC_URL": "https://x", "SMTP_URL": "off", "REDIS_URL": "y"}
    for name, value in {**wrong, "DATABASE_URL_FILE": "/nowhere/url", "SECRET_KEY_FILE": "/nowhere/key"}.items():
        monkeypatch.setenv(name, value)
    named = [fault.split()[0].strip(":") for fault in check_settings(Role.WEB)[1]]
    assert named == ["SECRET_KEY_FILE", "DATABASE_URL_FILE", "PORT", "REDIS_URL", "JWT_SECRET_KEY"]


def test_the_file_of_a_setting_that_is_no_secret_is_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_CLIENT_ID_FILE", "/run/secrets/id")
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/ssl/cert.pem")
    monkeypatch.setenv("POSTGRES_PASSWORD_FILE", "/run/secrets/postgres")
    (line,) = unknown_settings()
    assert line.startswith("OIDC_CLIENT_ID_FILE is not a setting; did you mean OIDC_CLIENT_")

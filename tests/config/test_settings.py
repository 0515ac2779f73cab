"""Settings: valid values, what production refuses, and warnings about unknown names."""

from pathlib import Path

import pytest

from tca_app.config.schema import Settings
from tca_app.config.settings import ConfigError, Role, check_settings, load_settings, unknown_settings
from tca_app.core.addresses import is_this_machine
from tca_app.core.otlp import read_headers

SECRETS = {
    "SECRET_KEY": "q8Zt3vN1xW7rL5yB9mK2cH6jD4gF0sAo",
    "JWT_SECRET_KEY": "U2eR7iT4oP9wQ1zX6cV3bN8mL5kJ0hGf",
}
PRODUCTION = SECRETS | {
    "ENVIRONMENT": "production",
    "PUBLIC_URL": "https://console.example.com",
    "SMTP_URL": "smtps://mail.example.com",
}
REMOTE = "DATABASE_URL must carry a password", "DATABASE_URL must use TLS"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the test run, and a folder without `.env`."""
    for name in (*Settings.model_fields, "pghost", "pghostaddr", "pgservice"):
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, **names: str) -> Settings:
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def faults(monkeypatch: pytest.MonkeyPatch, **names: str) -> list[str]:
    try:
        load(monkeypatch, **names)
    except ConfigError as error:
        return error.faults
    return []


def test_production_with_all_that_it_needs_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, **PRODUCTION).allowed_origins == ["https://console.example.com"]


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("localhost.", True),
        ("db.localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("[::1]", True),
        ("0:0:0:0:0:0:0:1", True),
        ("::ffff:127.0.0.1", True),
        ("/var/run/postgresql", True),
        ("", False),
        (".localhost", False),
        ("localhost.corp.example", False),
        ("localhost.localdomain", False),
        ("notlocalhost", False),
        ("127.0.0.1.evil.example", False),
        ("127.0.0.1.", True),
        ("127.1", False),
        ("2130706433", False),
        ("0x7f000001", False),
        ("0177.0.0.1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("fe80::1", False),
        ("::ffff:10.0.0.1", False),
        ("localhost@evil.example", False),
        ("localhost:5432", False),
    ],
)
def test_this_machine_is_loopback_and_nothing_that_looks_like_it(host: str, is_ours: bool) -> None:
    assert is_this_machine(host) is is_ours


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///console",
        "postgresql://localhost/console",
        "postgresql://u@[::1]:5432/console",
        "postgresql:///console?host=/var/run/postgresql",
        "postgresql://u@127.0.0.1,localhost/console",
        "postgresql://u:p@db.example.com/console?sslmode=verify-full",
        "postgresql://u@db.example.com/console?sslmode=require&password=p",
    ],
)
def test_production_takes_a_database_that_is_local_or_guarded(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert faults(monkeypatch, **PRODUCTION, DATABASE_URL=url) == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://localhost.corp.example/console",
        "postgresql://127.0.0.1.evil.example/console",
        "postgresql://localhost@evil.example/console",
        "postgresql://127.0.0.1@evil.example/console",
        "postgresql://localhost,evil.example/console",
        "postgresql://,evil.example/console",
        "postgresql:///console?host=evil.example",
        "postgresql://localhost/console?host=evil.example",
        "postgresql://localhost/console?hostaddr=203.0.113.7",
        "postgresql:///console?host=/tmp,evil.example",
        "postgresql://2130706433/console",
        "postgresql://evil.example/console?application_name=host%3D/tmp",
        "postgresql:///console?service=elsewhere",
    ],
)
def test_production_asks_another_machine_for_password_and_tls(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    found = faults(monkeypatch, **PRODUCTION, DATABASE_URL=url)
    assert [fault.startswith(start) for fault, start in zip(found, REMOTE, strict=True)] == [True, True]


def test_words_in_a_password_are_no_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://u:sslmode%3Drequire@db.example.com/console?application_name=sslmode%3Drequire"
    (fault,) = faults(monkeypatch, **PRODUCTION, DATABASE_URL=url)
    assert fault.startswith(REMOTE[1])


def test_the_host_of_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example.com")
    assert len(faults(monkeypatch, **PRODUCTION, DATABASE_URL="postgresql:///console")) == 2


@pytest.mark.parametrize(
    ("url", "is_fine"),
    [
        ("redis://localhost:6379/0", True),
        ("redis://[::1]:6379/0", True),
        ("redis://", True),
        ("unix:///tmp/redis.sock", True),
        ("rediss://:p@redis.example.com", True),
        ("redis://localhost.corp.example", False),
        ("redis://localhost@redis.example.com", False),
        ("redis://user:@redis.example.com", False),
        ("redis://?host=redis.example.com", False),
        ("rediss://redis.example.com", False),
    ],
)
def test_production_asks_another_machine_for_the_password_of_redis(
    monkeypatch: pytest.MonkeyPatch, url: str, is_fine: bool
) -> None:
    found = faults(monkeypatch, **PRODUCTION, REDIS_URL=url)
    assert found == ([] if is_fine else ["REDIS_URL must carry a password for a store on another machine"])


@pytest.mark.parametrize(
    ("url", "is_fine"),
    [
        ("off", True),
        ("smtps://mail.example.com", True),
        ("smtp://mail.example.com?starttls=required", True),
        ("smtp://localhost", True),
        ("smtp://[::1]:25", True),
        ("", False),
        ("smtp://mail.example.com", False),
        ("smtp://localhost.corp.example", False),
        ("smtp://localhost@mail.example.com", False),
        ("smtp://mail.example.com?xstarttls=required", False),
        ("smtp://mail.example.com?starttls=maybe", False),
        ("OFF", False),
    ],
)
def test_production_sends_mail_in_the_clear_nowhere_and_says_when_it_sends_none(
    monkeypatch: pytest.MonkeyPatch, url: str, is_fine: bool
) -> None:
    found = faults(monkeypatch, **PRODUCTION | {"SMTP_URL": url})
    assert [fault.split()[0].strip(":") for fault in found] == ([] if is_fine else ["SMTP_URL"])


@pytest.mark.parametrize("environment", ["development", "production"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_ORIGINS", "localhost:3000,ftp://x"),
        ("ALLOWED_ORIGINS", "https://console.example.com,ftp://x"),
        ("ALLOWED_ORIGINS", "https://console.example.com/app"),
        ("ALLOWED_ORIGINS", "https://me@console.example.com"),
        ("ALLOWED_ORIGINS", "*"),
        ("ALLOWED_ORIGINS", "https://*.example.com"),
        ("ALLOWED_ORIGINS", "https://console.example.com:port"),
        ("ALLOWED_ORIGINS", "null"),
        ("ALLOWED_HOSTS", "https://console.example.com"),
        ("ALLOWED_HOSTS", "console.example.com:8000"),
        ("ALLOWED_HOSTS", "console.example.com/app"),
        ("ALLOWED_HOSTS", "*.example.com"),
        ("ALLOWED_HOSTS", "a b"),
        ("PUBLIC_URL", "https://example.com/console"),
        ("PUBLIC_URL", "https://example.com?a=1"),
        ("PUBLIC_URL", "https://example.com#a"),
        ("PUBLIC_URL", "https://me:secret@example.com"),
        ("PUBLIC_URL", "ftp://example.com"),
        ("PUBLIC_URL", "console.example.com"),
        ("PUBLIC_URL", "https://"),
        ("HOST", "http://127.0.0.1"),
        ("HOST", ""),
        ("MAIL_FROM", "Console <jörg@example.com>"),
        ("DATABASE_URL", "postgresql://localhost:port/console"),
        ("DATABASE_URL", "postgresql://[::1/console"),
        ("DATABASE_URL", "postgresql://localhost/console?no_such_option=1"),
        ("REDIS_URL", "redis://localhost:port"),
    ],
)
def test_what_cannot_be_meant_is_refused_everywhere(
    monkeypatch: pytest.MonkeyPatch, environment: str, name: str, value: str
) -> None:
    names = PRODUCTION if environment == "production" else {}
    (fault,) = faults(monkeypatch, **names | {name: value})
    assert fault.startswith(f"{name}: ")


def test_a_password_in_a_url_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    found = faults(monkeypatch, PUBLIC_URL="https://me:canary@example.com", ALLOWED_ORIGINS="https://me:canary@x")
    assert len(found) == 2
    assert "canary" not in str(found)


def test_addresses_are_compared_as_browsers_send_them(monkeypatch: pytest.MonkeyPatch) -> None:
    s = load(
        monkeypatch,
        PUBLIC_URL="https://Console.Example.com:443/",
        ALLOWED_ORIGINS="http://LOCALHOST:80, https://[::1]:8443/",
        ALLOWED_HOSTS="Console.example.com,::1,*",
    )
    assert s.public_url == "https://console.example.com"
    assert s.allowed_origins == ["http://localhost", "https://[::1]:8443"]
    assert s.allowed_hosts == ["console.example.com", "[::1]", "*"]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://localhost:8000"),
        ("::1", "http://[::1]:8000"),
        ("[::1]", "http://[::1]:8000"),
        ("10.1.2.3", "http://10.1.2.3:8000"),
        ("0.0.0.0", "http://localhost:8000"),
        ("::", "http://localhost:8000"),
    ],
)
def test_without_a_public_url_it_follows_the_host(monkeypatch: pytest.MonkeyPatch, host: str, url: str) -> None:
    s = load(monkeypatch, HOST=host)
    assert s.public_url == url
    assert url.removeprefix("http://").removesuffix(":8000") in s.allowed_hosts


def test_every_error_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = faults(monkeypatch, ENVIRONMENT="production", PORT="ninety", DEBUG="true", PUBLIC_URL="https://x/y")
    named = {fault.split()[0].strip(":") for fault in found}
    assert named == {"PORT", "PUBLIC_URL", "DEBUG", "SECRET_KEY", "JWT_SECRET_KEY", "SMTP_URL"}
    assert sum(fault.startswith("PUBLIC_URL") for fault in found) == 1


def test_a_web_replica_names_the_missing_stores_beside_every_other_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ENVIRONMENT": "production", "PORT": "ninety", "PUBLIC_URL": "http://x"}.items():
        monkeypatch.setenv(name, value)
    common = ["PORT", "SECRET_KEY", "JWT_SECRET_KEY", "PUBLIC_URL", "SMTP_URL"]
    for role in Role:
        named = [fault.split()[0].strip(":") for fault in check_settings(role)[1]]
        assert named == (["PORT", "DATABASE_URL", *common[1:]] if role is Role.WEB else common)


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        ({}, ["DATABASE_URL and REDIS_URL:"]),
        ({"DATABASE_URL": "postgresql:///console"}, ["REDIS_URL:"]),
        ({"DATABASE_URL": "mysql://x"}, ["DATABASE_URL: must start", "REDIS_URL:"]),
        ({"DATABASE_URL": "postgresql:///console", "REDIS_URL": "redis://"}, []),
    ],
)
def test_an_invalid_store_is_not_called_missing(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, str], missing: list[str]
) -> None:
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    found = check_settings(Role.WEB)[1]
    assert [fault.startswith(start) for fault, start in zip(found, missing, strict=True)] == [True] * len(missing)


def test_a_misspelt_production_is_checked_as_production(monkeypatch: pytest.MonkeyPatch) -> None:
    found = faults(monkeypatch, **PRODUCTION | {"ENVIRONMENT": "prod", "DEBUG": "true"})
    assert [fault.split()[0] for fault in found] == ["ENVIRONMENT:", "DEBUG"]


@pytest.mark.parametrize("name", ["HOST", "PORT", "PUBLIC_URL", "ENVIRONMENT", "ALLOWED_HOSTS", "DATA_DIR"])
def test_no_error_is_reported_for_a_setting_that_follows_from_another(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    wrong = {"HOST": "a b", "DATA_DIR": "~nobody-of-this-name/x"}.get(name, "http://x/y")
    (fault,) = faults(monkeypatch, **PRODUCTION | {name: wrong})
    assert fault.startswith(name)


@pytest.mark.parametrize("content", [b"NAME=\xff\n", None])
def test_an_env_file_that_cannot_be_read_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    if content is None:
        (tmp_path / ".env").symlink_to("/proc/self/mem")  # reading it fails for everybody
    else:
        (tmp_path / ".env").write_bytes(content)
    (fault,) = faults(monkeypatch)
    assert fault.startswith(".env cannot be read: ")
    assert unknown_settings() == []


def test_a_misspelt_name_in_lower_case_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("databse_url", "x")
    assert unknown_settings() == ["databse_url is not a setting; did you mean DATABASE_URL?"]


def test_a_name_that_is_nearly_a_setting_is_named_with_the_one_that_was_meant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABSE_URL", "postgresql://localhost/x")
    monkeypatch.setenv("SMTP_ULR", "off")
    monkeypatch.setenv("JWT_SECRET", "x")
    (tmp_path / ".env").write_text("PUBLIC_ULR=https://x\nSOMETHING=1\nADMIN_PASSWORD=x\nport=8001\n")
    assert unknown_settings() == [
        "PUBLIC_ULR in .env is not a setting; did you mean PUBLIC_URL?",
        "SOMETHING in .env is not a setting",
        "DATABSE_URL is not a setting; did you mean DATABASE_URL?",
        "JWT_SECRET is not a setting; did you mean JWT_SECRET_KEY?",
        "SMTP_ULR is not a setting; did you mean SMTP_URL?",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "HOSTNAME",
        "REDIS_PORT_6379_TCP",
        "DATABASE_SERVICE_HOST",
        "DATABASE_USER",
        "XDG_DATA_DIRS",
        "LOGNAME",
        "ADMIN_PASSWORD",
        "HOME",
    ],
)
def test_names_of_other_programs_are_not_warned_about(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    assert unknown_settings() == []


def test_every_bad_value_of_a_list_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    (fault,) = faults(monkeypatch, ALLOWED_ORIGINS="localhost:3000,ftp://x")
    assert "localhost:3000" in fault
    assert "ftp://x" in fault


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        ({"GITHUB_CLIENT_ID": "x"}, "GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET must be set together"),
        (
            {"EVENT_EXPORT_ACCESS_KEY_ID": "x"},
            "EVENT_EXPORT_ACCESS_KEY_ID and EVENT_EXPORT_SECRET_ACCESS_KEY must be set together",
        ),
        ({"OIDC_CLIENT_ID": "x"}, "OIDC_ISSUER and OIDC_CLIENT_ID must be set together"),
        ({"OIDC_CLIENT_ID": "x", "OIDC_ISSUER": "http://id.example.com"}, "OIDC_ISSUER must start with https://"),
        ({"OIDC_ADMIN_CLAIM": "groups"}, "OIDC_ADMIN_CLAIM: must look like groups=platform-admins"),
        ({"GITHUB_ALLOWED_ORGS": "acme,a/b"}, "GITHUB_ALLOWED_ORGS: must be names of GitHub organizations"),
    ],
)
def test_production_refuses_a_provider_that_is_half_set(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, str], fault: str
) -> None:
    (found,) = faults(monkeypatch, **PRODUCTION, **names)
    assert found.startswith(fault)


def test_headers_of_traces_are_checked_and_never_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    good = load(monkeypatch, OTEL_EXPORTER_OTLP_HEADERS="API-Key=a%20b, x-tenant = ops,")
    assert read_headers(good.otel_exporter_otlp_headers.get_secret_value()) == {"api-key": "a b", "x-tenant": "ops"}
    for wrong in ("topsecret", "key=", "=topsecret", "a b=topsecret", "key=topsecret%0d%0ax: y", "key=tops\u00e9cret"):
        [fault] = faults(monkeypatch, OTEL_EXPORTER_OTLP_HEADERS=wrong)
        assert fault.startswith("OTEL_EXPORTER_OTLP_HEADERS: must look like name=value")
        assert "tops" not in fault


def test_a_key_for_traces_needs_tls_on_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = "http://localhost:4318", "http://collector.example.com:4318"
    assert faults(monkeypatch, **PRODUCTION, OTEL_EXPORTER_OTLP_ENDPOINT=far) == []
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=abc")
    assert faults(monkeypatch, OTEL_EXPORTER_OTLP_ENDPOINT=near) == []
    [fault] = faults(monkeypatch, OTEL_EXPORTER_OTLP_ENDPOINT=far)
    assert fault.startswith("OTEL_EXPORTER_OTLP_ENDPOINT must start with https://")
    assert faults(monkeypatch, OTEL_EXPORTER_OTLP_ENDPOINT="collector:4318")

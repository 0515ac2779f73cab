"""The settings with their validation and the values derived from others."""

import json
import re
from base64 import b64decode
from collections.abc import Callable
from email.utils import parseaddr
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from tca_app.config.retention import RetentionFields
from tca_app.core import addresses
from tca_app.core.export_url import read_export_url
from tca_app.core.otlp import read_headers
from tca_app.core.urls import check_url

ENV_FILE = Path(".env")
MAIL_IS_OFF = "off"
SIGNING_PREFIX, MIN_SIGNING_BYTES = "whsec_", 24
MIN_BACKUP_KEY_BYTES = 32
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def _each(values: list[str], check: Callable[[str], str]) -> list[str]:
    """Check every value of a list. Raises a ValueError that names all invalid values."""
    checked, errors = [], []
    for value in values:
        try:
            checked.append(check(value))
        except ValueError as error:
            errors.append(str(error))
    if errors:
        raise ValueError("; ".join(errors))
    return checked


class Settings(RetentionFields):
    """The validated settings of one process."""

    model_config = SettingsConfigDict(env_file=ENV_FILE, extra="ignore", env_ignore_empty=False)

    @field_validator("allowed_hosts", "allowed_origins", "outbound_allowed_hosts", "github_allowed_orgs", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Accept a comma-separated list or a JSON list."""
        if not isinstance(value, str):
            return value
        if value.strip().startswith("["):
            return json.loads(value)
        return [part.strip() for part in value.split(",") if part.strip()]

    @field_validator("host")
    @classmethod
    def _one_host(cls, value: str) -> str:
        addresses.host_name(value)
        return value.strip("[]")

    @field_validator("data_dir", "backup_dir")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        try:
            return value.expanduser().resolve() if value else None
        except (OSError, RuntimeError):
            raise ValueError(f"{str(value)!r} is not the path of a folder") from None

    @field_validator("public_url")
    @classmethod
    def _one_origin(cls, value: str) -> str:
        return addresses.origin(value) if value else value

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, values: list[str]) -> list[str]:
        return _each(values, addresses.origin)

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, values: list[str]) -> list[str]:
        return _each(values, lambda value: value if value == "*" else addresses.host_name(value))

    @field_validator("database_url")
    @classmethod
    def _one_driver(cls, value: SecretStr) -> SecretStr:
        """Accept any PostgreSQL URL; the console chooses the driver."""
        url = value.get_secret_value()
        if not url:
            return value
        scheme, sep, rest = url.partition("://")
        if not sep or scheme.partition("+")[0] not in ("postgresql", "postgres"):
            raise ValueError("must start with postgresql://")
        addresses.read_database_url("postgresql://" + rest)
        return SecretStr("postgresql://" + rest)

    @field_validator("redis_url")
    @classmethod
    def _redis_scheme(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if url and url.partition("://")[0] not in ("redis", "rediss", "unix"):
            raise ValueError("must start with redis://, rediss:// or unix://")
        if url:
            addresses.read_redis_url(url)
        return value

    @field_validator("service_signing_key")
    @classmethod
    def _signing_keys(cls, value: SecretStr) -> SecretStr:
        for key in filter(None, value.get_secret_value().split(",")):
            try:
                is_long = len(b64decode(key.strip().removeprefix(SIGNING_PREFIX), validate=True)) >= MIN_SIGNING_BYTES
            except ValueError:
                is_long = False
            if not (is_long and key.strip().startswith(SIGNING_PREFIX)):
                raise ValueError(f"must be {SIGNING_PREFIX} and base64 of at least {MIN_SIGNING_BYTES} bytes")
        return value

    @field_validator("backup_dir", mode="before")
    @classmethod
    def _no_folder(cls, value: object) -> object:
        return value or None

    @field_validator("backup_at")
    @classmethod
    def _time_of_day(cls, value: str) -> str:
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            raise ValueError("must look like 02:30")
        return value

    @field_validator("backup_key")
    @classmethod
    def _long_key(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value().encode()) < MIN_BACKUP_KEY_BYTES:
            raise ValueError(f"must have at least {MIN_BACKUP_KEY_BYTES} bytes; make one with: openssl rand -base64 48")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp_scheme(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        parts = urlsplit(url)
        if url not in ("", MAIL_IS_OFF) and not (parts.scheme in ("smtp", "smtps") and parts.hostname):
            raise ValueError("must look like smtp://user:password@host:587 or smtps://host, or be off")
        if parse_qs(parts.query).get("starttls", ["required"])[0] not in ("required", "never"):
            raise ValueError("starttls in it must be required or never")
        return value

    @field_validator("mail_from")
    @classmethod
    def _one_sender(cls, value: str) -> str:
        address = parseaddr(value)[1]
        if "@" not in address or not address.isascii() or not value.isprintable():
            raise ValueError("must look like Console <console@example.com>")
        return value

    @field_validator("user_service_url", "notification_service_url", "analytics_service_url")
    @classmethod
    def _http_url(cls, value: str) -> str:
        """Accept a user and password in the URL of a service."""
        return check_url(value, may_have_user=True)

    @field_validator("event_export_target")
    @classmethod
    def _export_target(cls, value: str) -> str:
        read_export_url(value)
        return value

    @field_validator("slack_webhook_url")
    @classmethod
    def _slack_url(cls, value: SecretStr) -> SecretStr:
        check_url(value.get_secret_value())
        return value

    @field_validator("oidc_issuer", "otel_exporter_otlp_endpoint")
    @classmethod
    def _checked_url(cls, value: str) -> str:
        return check_url(value)

    @field_validator("otel_exporter_otlp_headers")
    @classmethod
    def _otlp_headers(cls, value: SecretStr) -> SecretStr:
        read_headers(value.get_secret_value())
        return value

    @field_validator("oidc_admin_claim")
    @classmethod
    def _claim(cls, value: str) -> str:
        name, _, wanted = value.partition("=")
        if value and not (name and wanted):
            raise ValueError("must look like groups=platform-admins")
        return value

    @field_validator("github_allowed_orgs")
    @classmethod
    def _organizations(cls, values: list[str]) -> list[str]:
        if not all(name.isascii() and name.replace("-", "").isalnum() for name in values):
            raise ValueError("must be names of GitHub organizations, separated by commas")
        return values

    @field_validator("sentry_dsn")
    @classmethod
    def _sentry_form(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        if parts.geturl() and not (parts.scheme in ("http", "https") and parts.username and parts.path.strip("/")):
            raise ValueError("must look like https://KEY@host/PROJECT")
        return value

    @field_validator("rate_limit_login", "rate_limit_api")
    @classmethod
    def _rate(cls, value: str) -> str:
        count, _, period = value.replace(" ", "").partition("/")
        if value and not (count.isdigit() and int(count) > 0 and period):
            raise ValueError("must look like 10/minute, or be empty to switch the limit off")
        return value

    @model_validator(mode="after")
    def _derive(self) -> Self:
        if not self.public_url:
            self.public_url = own_url(self.host, self.port)
        if not self.allowed_hosts:
            host = addresses.host_name(urlsplit(self.public_url).hostname or "localhost")
            self.allowed_hosts = sorted({*LOOPBACK, host})
        if not self.allowed_origins:
            self.allowed_origins = self._own_origins()
        return self

    def _own_origins(self) -> list[str]:
        """Return the public URL and, in development, its port and those of `make run` and `reflex run` on loopback."""
        origins = {self.public_url}
        if self.environment == "development":
            ports = {self.port, 3000, urlsplit(self.public_url).port or self.port}
            origins |= {f"http://{name}:{port}" for name in LOOPBACK for port in ports}
        return sorted(origins)

    @property
    def secret_keys(self) -> list[str]:
        """Return SECRET_KEY and, while it is set, SECRET_KEY_PREVIOUS."""
        previous = self.secret_key_previous.get_secret_value()
        return [self.secret_key.get_secret_value(), *([previous] if previous else [])]

    @property
    def has_mail(self) -> bool:
        """Return True if mails are sent or, without a server in development, written to a folder."""
        return self.smtp_url.get_secret_value() != MAIL_IS_OFF

    @property
    def has_github(self) -> bool:
        """Return True if people may sign in with GitHub."""
        return bool(self.github_client_id and self.github_client_secret.get_secret_value())

    @property
    def has_oidc(self) -> bool:
        """Return True if people may sign in at the OpenID Connect provider."""
        return bool(self.oidc_issuer and self.oidc_client_id)

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def secure_cookies(self) -> bool:
        """Return True if cookies use `__Host-`, which needs TLS; plain http is for development on loopback."""
        return self.public_url.startswith("https://")

    @property
    def async_database_url(self) -> str:
        return self._dsn("postgresql+psycopg")

    @property
    def sync_database_url(self) -> str:
        return self._dsn("postgresql+psycopg2")

    def _dsn(self, scheme: str) -> str:
        return scheme + self.database_url.get_secret_value().removeprefix("postgresql")


def own_url(host: str, port: int) -> str:
    """Return the URL of a server on `host` for links that work on this machine."""
    if host in ("", "0.0.0.0", "::", "127.0.0.1"):  # noqa: S104 - compared, nothing is bound
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"

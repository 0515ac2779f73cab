"""The schema of the settings: the name, type, default and form of each."""

import json
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tca_app.core import addresses
from tca_app.core.urls import check_url

ENV_FILE = Path(".env")
MAIL_IS_OFF = "off"
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

CommaList = Annotated[list[str], NoDecode]


class Settings(BaseSettings):
    """Settings of one process. Times are in the unit that the name says."""

    model_config = SettingsConfigDict(env_file=ENV_FILE, extra="ignore", env_ignore_empty=False)

    app_name: str = "TCA InfraForge"
    environment: Literal["development", "production"] = "development"
    debug: bool = False
    secret_key: SecretStr = SecretStr("")
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    public_url: str = ""
    allowed_hosts: CommaList = []
    allowed_origins: CommaList = []
    trusted_proxy_hops: int = Field(0, ge=0, le=8)
    data_dir: Path = Path(".data")

    database_url: SecretStr = SecretStr("")
    database_pool_size: int = Field(10, ge=1, le=100)
    database_max_overflow: int = Field(20, ge=0, le=200)
    redis_url: SecretStr = SecretStr("")
    redis_cache_ttl: int = Field(3600, ge=1)

    jwt_secret_key: SecretStr = SecretStr("")
    jwt_algorithm: Literal["HS256", "HS384", "HS512"] = "HS256"
    jwt_access_token_expire_minutes: int = Field(30, ge=1, le=24 * 60)
    jwt_refresh_token_expire_days: int = Field(7, ge=1, le=90)
    session_idle_minutes: int = Field(12 * 60, ge=5)
    password_min_length: int = Field(8, ge=8, le=64)
    password_hash_memory_kib: int = Field(19 * 1024, ge=8)
    password_hash_rounds: int = Field(2, ge=1)
    password_hash_parallelism: int = Field(1, ge=1)
    password_hash_threads: int = Field(2, ge=1, le=32)

    first_superuser_username: str = ""
    first_superuser_email: str = ""
    first_superuser_password: SecretStr = SecretStr("")

    run_worker: bool = True  # does this web process do the jobs too?
    job_takeover_seconds: float = Field(20, ge=0.5, le=600)
    deployment_timeout_minutes: int = Field(120, ge=1, le=7 * 24 * 60)
    health_failures_to_open: int = Field(3, ge=1, le=60)  # in a row, until an incident is opened
    health_passes_to_close: int = Field(2, ge=1, le=60)
    status_public: bool = False  # does /status/public answer, to everybody?
    stream_maxlen: int = Field(10_000, ge=100)

    smtp_url: SecretStr = SecretStr("")
    mail_from: str = "TCA InfraForge <noreply@localhost>"
    slack_webhook_url: SecretStr = SecretStr("")
    user_service_url: str = ""
    notification_service_url: str = ""
    analytics_service_url: str = ""
    outbound_allowed_hosts: CommaList = []  # host:port that addresses entered by people may lead to all the same

    rate_limit_login: str = "10/minute"
    rate_limit_api: str = "600/minute"
    anonymous_sockets_per_address: int = Field(50, ge=1)  # websockets without a session, on one replica

    prometheus_enabled: bool = True
    metrics_token: SecretStr = SecretStr("")
    sentry_dsn: SecretStr = SecretStr("")

    log_format: Literal["console", "json"] = "console"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("allowed_hosts", "allowed_origins", "outbound_allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """A comma-separated list or a JSON list."""
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

    @field_validator("public_url")
    @classmethod
    def _one_origin(cls, value: str) -> str:
        return addresses.origin(value) if value else value

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, values: list[str]) -> list[str]:
        return [addresses.origin(value) for value in values]

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, values: list[str]) -> list[str]:
        return [value if value == "*" else addresses.host_name(value) for value in values]

    @field_validator("database_url")
    @classmethod
    def _one_driver(cls, value: SecretStr) -> SecretStr:
        """Any PostgreSQL URL is accepted; the drivers are the product's choice."""
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
        """A service may want a user and password in its URL."""
        return check_url(value, may_have_user=True)

    @field_validator("slack_webhook_url")
    @classmethod
    def _slack_url(cls, value: SecretStr) -> SecretStr:
        check_url(value.get_secret_value())
        return value

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
        self.data_dir = self.data_dir.expanduser().resolve()
        if not self.public_url:
            self.public_url = own_url(self.host, self.port)
        if not self.allowed_hosts:
            host = addresses.host_name(urlsplit(self.public_url).hostname or "localhost")
            self.allowed_hosts = sorted({*LOOPBACK, host})
        if not self.allowed_origins:
            self.allowed_origins = self._own_origins()
        return self

    def _own_origins(self) -> list[str]:
        """The public URL and, in development, its port and those of `make run` and `reflex run` on loopback."""
        origins = {self.public_url}
        if self.environment == "development":
            ports = {self.port, 3000, urlsplit(self.public_url).port or self.port}
            origins |= {f"http://{name}:{port}" for name in LOOPBACK for port in ports}
        return sorted(origins)

    @property
    def has_mail(self) -> bool:
        """Whether mails are sent or, without a server in development, written into a folder."""
        return self.smtp_url.get_secret_value() != MAIL_IS_OFF

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def secure_cookies(self) -> bool:
        """`__Host-` cookies need TLS in front; plain http is for loopback development."""
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
    """The address of a server on `host` in links that work on this machine."""
    if host in ("", "0.0.0.0", "::", "127.0.0.1"):  # noqa: S104 - compared, nothing is bound
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"

"""Every setting with its type, default, bounds and meaning; docs/configuration.md is made from this file."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode

CommaList = Annotated[list[str], NoDecode]

_SECRET = "missing, under 32 bytes, guessable"  # noqa: S105 - what production refuses


def _extra(*, default: str = "", refused: str = "") -> dict[str, Any]:
    """Return the table's text for a computed default, and for values that production refuses."""
    return {"default_text": default, "refused": refused}


class Fields(BaseSettings):
    """The fields of `Settings`. The name of a duration states its unit."""

    app_name: str = Field(
        "TCA InfraForge",
        description="The name on pages and in mails; unset, administrators choose it ([instance.md](instance.md)).",
    )
    environment: Literal["development", "production"] = Field("development", description="Or `production`.")
    debug: bool = Field(
        False,
        description="Logs at level DEBUG, and each SQL statement without its parameters.",
        json_schema_extra=_extra(refused="when on"),
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Key of refresh tokens, device cookies, request fingerprints and the secrets of webhooks.",
        json_schema_extra=_extra(default="made once", refused=_SECRET),
    )
    secret_key_previous: SecretStr = Field(
        SecretStr(""),
        description="The former `SECRET_KEY`, while you replace it: what it encrypted or signed is still accepted "
        "([secret-key.md](secret-key.md)).",
        json_schema_extra=_extra(refused="under 32 bytes, equal to `SECRET_KEY`"),
    )
    host: str = Field(
        "127.0.0.1",
        description="The address to listen on; set `PUBLIC_URL` with it. `0.0.0.0` and `::` are every address: links "
        "say `localhost` until `PUBLIC_URL` is set.",
    )
    port: int = Field(8000, ge=1, le=65535, description="The port of everything.")
    worker_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="The port on `HOST` at which `worker` answers `/health/live`, `/health/ready` and `/metrics`; 0: "
        "none.",
    )
    public_url: str = Field(
        "",
        description="The URL that people open, without a path. https makes cookies Secure and `__Host-`, and sends "
        "HSTS.",
        json_schema_extra=_extra(default="`http://localhost:PORT`", refused="not https"),
    )
    allowed_hosts: CommaList = Field(
        [],
        description="Host headers that are served, without ports; `*` is any.",
        json_schema_extra=_extra(default="the host of `PUBLIC_URL`, and loopback", refused="with `*`"),
    )
    allowed_origins: CommaList = Field(
        [],
        description="Origins whose pages may open the live connection and call REST, as `https://host:port`.",
        json_schema_extra=_extra(
            default="`PUBLIC_URL`; in development also loopback on `PORT`, 3000 and the port of `PUBLIC_URL`",
            refused="http",
        ),
    )
    trusted_proxy_hops: int = Field(0, ge=0, le=8, description="Proxies in front whose `X-Forwarded-For` counts.")
    data_dir: Path = Field(Path(".data"), description="Embedded stores and development secrets (mode 0700).")

    database_url: SecretStr = Field(
        SecretStr(""),
        description="`postgresql://…`, version 17 or newer.",
        json_schema_extra=_extra(
            default="embedded", refused="another machine without password or without `sslmode=require`"
        ),
    )
    database_pool_size: int = Field(10, ge=1, le=100, description="Connections for transactions.")
    database_max_overflow: int = Field(
        20, ge=0, le=200, description="Connections for reads and for writes of one statement."
    )
    redis_url: SecretStr = Field(
        SecretStr(""),
        description="`redis://`, `rediss://` or `unix://`.",
        json_schema_extra=_extra(default="embedded", refused="another machine without password"),
    )
    redis_cache_ttl: int = Field(3600, ge=1, description="The longest life of a cached value, in seconds.")
    run_worker: bool = Field(
        True,
        description="Whether a web process runs jobs, too.",
        json_schema_extra=_extra(default="`true`; `false` for `web`"),
    )

    jwt_secret_key: SecretStr = Field(
        SecretStr(""),
        description="Key of access tokens.",
        json_schema_extra=_extra(default="made once", refused=f"{_SECRET}, equal to `SECRET_KEY`"),
    )
    jwt_algorithm: Literal["HS256", "HS384", "HS512"] = Field("HS256", description="Or `HS384`, `HS512`.")
    jwt_access_token_expire_minutes: int = Field(30, ge=1, le=24 * 60, description="Life of an access token.")
    jwt_refresh_token_expire_days: int = Field(
        7,
        ge=1,
        le=90,
        description="Life of a session, browsers included; it is never extended ([instance.md](instance.md)).",
    )
    session_idle_minutes: int = Field(
        12 * 60, ge=5, description="A browser session ends after this long without use ([instance.md](instance.md))."
    )
    password_min_length: int = Field(
        8, ge=8, le=64, description="The shortest password; never less than 8 ([instance.md](instance.md))."
    )
    password_hash_memory_kib: int = Field(19 * 1024, ge=8, description="Memory of one argon2id hash.")
    password_hash_rounds: int = Field(2, ge=1, description="Rounds of it.")
    password_hash_parallelism: int = Field(1, ge=1, description="Lanes of it.")
    password_hash_threads: int = Field(2, ge=1, le=32, description="Hashes at a time.")

    first_superuser_username: str = Field(
        "", description="Creates this administrator at the first start, instead of the link to `/setup`."
    )
    first_superuser_email: str = Field("", description="Their email.")
    first_superuser_password: SecretStr = Field(SecretStr(""), description="Their password.")

    github_client_id: str = Field(
        "", description="With the next one: sign-in with GitHub ([single-sign-on.md](single-sign-on.md))."
    )
    github_client_secret: SecretStr = Field(
        SecretStr(""),
        description="The secret of the OAuth app.",
        json_schema_extra=_extra(refused="one without the other"),
    )
    github_allowed_orgs: CommaList = Field(
        [], description="Only active members of one of these organizations may sign in with GitHub."
    )
    oidc_issuer: str = Field(
        "",
        description="With `OIDC_CLIENT_ID`: sign-in at this OpenID Connect provider, exactly as it calls itself.",
        json_schema_extra=_extra(refused="not https; one without the other"),
    )
    oidc_client_id: str = Field("", description="The client id there.")
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="The client secret there; empty for a public client, which PKCE protects."
    )
    oidc_admin_claim: str = Field(
        "",
        description="`claim=value`, such as `groups=platform-admins`: people with it are administrators, decided at "
        "each sign-in there.",
    )
    oidc_label: str = Field("single sign-on", max_length=40, description="Its name on the pages: Continue with ….")

    rate_limit_login: str = Field(
        "10/minute",
        description="Sign-in, set-up and refresh, per address; empty is off.",
        json_schema_extra=_extra(refused="empty"),
    )
    rate_limit_api: str = Field(
        "600/minute", description="REST, per caller; empty is off.", json_schema_extra=_extra(refused="empty")
    )
    anonymous_sockets_per_address: int = Field(
        50,
        ge=1,
        description="Live connections without a session from one address to one replica: open sign-in pages.",
    )
    job_takeover_seconds: float = Field(
        20, ge=0.5, le=600, description="After this long without a sign of life the jobs of a worker go to another."
    )
    stream_maxlen: int = Field(10_000, ge=100, description="Entries of a stream of events, about.")

    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="`smtp://user:password@host:587` or `smtps://…`. `off`: nobody gets mail, and the preferences and "
        "`/status` say so. Without it each mail is a file in `DATA_DIR/mail`, in development.",
        json_schema_extra=_extra(refused="missing; neither `smtps://` nor `?starttls=required`, on another machine"),
    )
    mail_from: str = Field(
        "TCA InfraForge <noreply@localhost>", description="The sender of mails; its address is ASCII."
    )
    slack_webhook_url: SecretStr = Field(
        SecretStr(""),
        description="An incoming webhook of Slack for what concerns the console itself; projects have their own "
        "([slack.md](slack.md)).",
        json_schema_extra=_extra(refused="not at hooks.slack.com"),
    )
    user_service_url: str = Field(
        "", description="A service that gets the events about people ([services.md](services.md))."
    )
    notification_service_url: str = Field("", description="One that gets the lines of inboxes.")
    analytics_service_url: str = Field("", description="One that gets every event.")
    event_export_target: str = Field(
        "",
        description="Where workers write every event to, for a SIEM: `file:///path`, `syslog+tls://host:6514`, "
        "`syslog+tcp://host:601` or `s3+https://host/bucket/folder?region=eu-central-1` "
        "([event-export.md](event-export.md)). The same for every worker.",
    )
    event_export_access_key_id: str = Field("", description="The id of the access key for an `s3+https://` target.")
    event_export_secret_access_key: SecretStr = Field(
        SecretStr(""),
        description="The secret of that key. Without both, workers use the identity of their machine or container.",
    )
    service_signing_key: SecretStr = Field(
        SecretStr(""),
        description="`whsec_` and base64 of at least 24 bytes: signs calls to these services. Two of them, separated "
        "by a comma, both sign. `python -m tca_app service-signing-key` prints the one in use.",
        json_schema_extra=_extra(default="derived from `SECRET_KEY`"),
    )

    prometheus_enabled: bool = Field(True, description="`GET /metrics` for Prometheus.")
    metrics_token: SecretStr = Field(
        SecretStr(""),
        description="The bearer token that may read it; superusers may anyway.",
        json_schema_extra=_extra(refused="under 32 bytes, guessable"),
    )
    sentry_dsn: SecretStr = Field(
        SecretStr(""),
        description="Where errors are reported: without headers, bodies, local variables.",
        json_schema_extra=_extra(refused="http"),
    )
    otel_exporter_otlp_endpoint: str = Field(
        "",
        description="Where traces go, by OTLP over HTTP, such as `http://localhost:4318`; `/v1/traces` is added. "
        "Without it traces are off ([tracing.md](tracing.md)).",
    )
    otel_exporter_otlp_headers: SecretStr = Field(
        SecretStr(""),
        description="Headers for the collector, such as `api-key=…`; separated by commas, values URL-encoded.",
        json_schema_extra=_extra(refused="with an http endpoint on another machine"),
    )
    otel_service_name: str = Field(
        "tca-infraforge", min_length=1, max_length=255, description="The name of the console in traces."
    )
    otel_traces_sampler_arg: float = Field(
        1.0, ge=0, le=1, description="The share of traces that are recorded, unless a trusted proxy has decided."
    )
    outbound_allowed_hosts: CommaList = Field(
        [],
        description="`host:port` list that addresses entered by people (webhooks) may lead to although they are not "
        "public, with http too; for development.",
        json_schema_extra=_extra(refused="when not empty"),
    )

    backup_dir: Path | None = Field(
        None,
        description="The folder of backups. When it is set, workers make one each day ([backup.md](backup.md)).",
        json_schema_extra=_extra(default="`DATA_DIR/backups`, by command only"),
    )
    backup_at: str = Field("02:30", description="When they make it, in UTC.")
    backup_keep: int = Field(14, ge=1, le=10_000, description="How many backups stay in `BACKUP_DIR`.")
    backup_key: SecretStr = Field(
        SecretStr(""),
        description="Encrypts backups, and is needed to restore them: at least 32 bytes. Keep it elsewhere, too.",
        json_schema_extra=_extra(refused="guessable"),
    )

    deployment_timeout_minutes: int = Field(
        120,
        ge=1,
        le=7 * 24 * 60,
        description="A deployment that nobody reports on for this long is failed; awaiting approval does not count, "
        "and a later report is still accepted.",
    )
    health_failures_to_open: int = Field(
        3, ge=1, le=60, description="This many failed probes in a row open an incident."
    )
    health_passes_to_close: int = Field(2, ge=1, le=60, description="This many passed probes in a row resolve it.")
    status_public: bool = Field(
        False,
        description="Whether `/status/public` and `/status/public.json` answer, to everybody: the components that were "
        "chosen for it, without addresses, reasons and names ([0025](decisions/0025-public-status-page.md), "
        "[instance.md](instance.md)).",
    )
    log_format: Literal["console", "json"] = Field(
        "console",
        description="Or `json`: an object a line, for what `serve`, `web`, `worker` and `migrate` print, too.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Or `DEBUG`, `WARNING`, `ERROR`."
    )

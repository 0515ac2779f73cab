"""Checks of production settings: values that are safe in development and dangerous on a network are refused."""

import math
from collections import Counter
from urllib.parse import parse_qs, urlsplit

from tca_app.config.schema import Settings
from tca_app.core.addresses import database_hosts, is_this_machine, read_database_url, read_redis_url, redis_host

MIN_SECRET_BYTES = 32


def production_faults(s: Settings) -> list[str]:
    """Return every reason why production must not start with these settings."""
    faults = _key_faults(s)
    if s.debug:
        faults.append("DEBUG must be off")
    faults += _address_faults(s)
    for name in ("rate_limit_login", "rate_limit_api"):
        if not getattr(s, name):
            faults.append(f"{name.upper()} must not be empty")
    if s.metrics_token.get_secret_value():
        faults += [f"METRICS_TOKEN {why}" for why in _secret_faults(s.metrics_token.get_secret_value())]
    if s.backup_key.get_secret_value():
        faults += [f"BACKUP_KEY {why}" for why in _secret_faults(s.backup_key.get_secret_value())]
    if s.outbound_allowed_hosts:
        faults.append("OUTBOUND_ALLOWED_HOSTS must be empty: it opens a way into the network behind the console")
    faults += _store_faults(s)
    faults += _sender_faults(s)
    faults += _provider_faults(s)
    faults += _trace_faults(s)
    return faults


def _key_faults(s: Settings) -> list[str]:
    faults = []
    for name, secret in (("SECRET_KEY", s.secret_key), ("JWT_SECRET_KEY", s.jwt_secret_key)):
        faults += [f"{name} {why}" for why in _secret_faults(secret.get_secret_value())]
    if s.secret_key.get_secret_value() and s.secret_key == s.jwt_secret_key:
        faults.append("JWT_SECRET_KEY must differ from SECRET_KEY")
    previous = s.secret_key_previous.get_secret_value()
    if previous and len(previous.encode()) < MIN_SECRET_BYTES:
        faults.append(f"SECRET_KEY_PREVIOUS must have at least {MIN_SECRET_BYTES} bytes")
    if previous and s.secret_key_previous == s.secret_key:
        faults.append("SECRET_KEY_PREVIOUS must differ from SECRET_KEY; remove it once nothing needs it")
    return faults


def _provider_faults(s: Settings) -> list[str]:
    """Check sign-in with GitHub and OpenID Connect: a half-set provider would show no button and no reason."""
    faults = []
    if bool(s.github_client_id) != bool(s.github_client_secret.get_secret_value()):
        faults.append("GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET must be set together")
    if bool(s.oidc_issuer) != bool(s.oidc_client_id):
        faults.append("OIDC_ISSUER and OIDC_CLIENT_ID must be set together")
    if s.oidc_issuer and not s.oidc_issuer.startswith("https://"):
        faults.append("OIDC_ISSUER must start with https://")
    return faults


def _address_faults(s: Settings) -> list[str]:
    faults = []
    if any("*" in host for host in s.allowed_hosts):
        faults.append("ALLOWED_HOSTS must name hosts, without *")
    if not s.public_url.startswith("https://"):
        faults.append("PUBLIC_URL must start with https://")
    if any(origin.startswith("http://") and origin != s.public_url for origin in s.allowed_origins):
        faults.append("ALLOWED_ORIGINS must use https://")
    return faults


def _secret_faults(value: str) -> list[str]:
    if not value:
        return ["must be set"]
    if len(value.encode()) < MIN_SECRET_BYTES:
        return [f"must have at least {MIN_SECRET_BYTES} bytes"]
    counts = Counter(value)
    bits = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values()) * len(value)
    if bits < 96 or any(word in value.lower() for word in ("changeme", "change-me", "secret", "password", "example")):
        return ["is a default or easily guessed value; make one with: openssl rand -base64 48"]
    return []


def _store_faults(s: Settings) -> list[str]:
    """Check the stores: one on another machine needs a password, and PostgreSQL also TLS."""
    faults = []
    database, redis = s.database_url.get_secret_value(), s.redis_url.get_secret_value()
    if database and not all(map(is_this_machine, database_hosts(database))):
        params = read_database_url(database)
        if not params.get("password"):
            faults.append("DATABASE_URL must carry a password for a store on another machine")
        if params.get("sslmode") not in ("require", "verify-ca", "verify-full"):
            faults.append("DATABASE_URL must use TLS (sslmode=require or stricter) for a store on another machine")
    if redis and not is_this_machine(redis_host(redis)) and not read_redis_url(redis).get("password"):
        faults.append("REDIS_URL must carry a password for a store on another machine")
    return faults


def _sender_faults(s: Settings) -> list[str]:
    """Check mail, Slack, Sentry and the export: the first three need TLS, and a Slack URL must lead to Slack."""
    faults = []
    smtp = urlsplit(s.smtp_url.get_secret_value())
    if not smtp.geturl():
        faults.append("SMTP_URL must be set, or be off when nobody is to get mail")
    elif smtp.scheme == "smtp" and not is_this_machine(smtp.hostname or "") and not _requires_tls(smtp.query):
        faults.append("SMTP_URL must be smtps:// or end with ?starttls=required")
    slack = urlsplit(s.slack_webhook_url.get_secret_value())
    if slack.hostname and (slack.scheme, slack.hostname) != ("https", "hooks.slack.com"):
        faults.append("SLACK_WEBHOOK_URL must start with https://hooks.slack.com/")
    if s.sentry_dsn.get_secret_value().startswith("http://"):
        faults.append("SENTRY_DSN must start with https://")
    if bool(s.event_export_access_key_id) != bool(s.event_export_secret_access_key.get_secret_value()):
        faults.append("EVENT_EXPORT_ACCESS_KEY_ID and EVENT_EXPORT_SECRET_ACCESS_KEY must be set together")
    return faults


def _trace_faults(s: Settings) -> list[str]:
    """Check the collector: a key for it needs TLS."""
    collector = urlsplit(s.otel_exporter_otlp_endpoint)
    is_open = collector.scheme == "http" and not is_this_machine(collector.hostname or "")
    if is_open and s.otel_exporter_otlp_headers.get_secret_value():
        return ["OTEL_EXPORTER_OTLP_ENDPOINT must start with https:// when OTEL_EXPORTER_OTLP_HEADERS is set"]
    return []


def _requires_tls(query: str) -> bool:
    return parse_qs(query).get("starttls", [""])[0] == "required"

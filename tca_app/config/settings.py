"""The settings of this process, read once from the environment and `.env`."""

from enum import StrEnum
from functools import lru_cache
from typing import Any

from dotenv import dotenv_values
from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from tca_app.config.names import unknown_names
from tca_app.config.production import production_faults
from tca_app.config.schema import ENV_FILE, Settings
from tca_app.config.secret_files import FILE_NAMES, read_names, read_secret_files
from tca_app.config.secrets import development_secrets

VERSION = "0.2.0"


class Role(StrEnum):
    """A process of the console."""

    SERVE = "serve"
    WEB = "web"
    WORKER = "worker"
    MIGRATE = "migrate"


class ConfigError(Exception):
    """The settings are invalid. `faults` has one readable line per fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def load_settings(role: Role = Role.SERVE) -> Settings:
    """Read the settings and the development secrets. Raises ConfigError with everything that `role` refuses."""
    s, faults = check_settings(role)
    if faults:
        raise ConfigError(faults)
    return s


def check_settings(role: Role) -> tuple[Settings, list[str]]:
    """Return the settings and everything that `role` refuses. An invalid setting has its default."""
    try:
        dotenv_values(ENV_FILE)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{ENV_FILE} cannot be read: {getattr(error, 'strerror', 'it is not UTF-8')}"]) from None
    s, invalid = _read()
    faults = [*invalid, *_role_faults(s, role, set(invalid.values()))]
    if s.is_production:
        faults += [fault for fault in production_faults(s) if fault.split()[0] not in invalid.values()]
    elif "DATA_DIR" not in invalid.values():
        faults += _add_development_secrets(s)
    return s, faults


def _role_faults(s: Settings, role: Role, invalid: set[str]) -> list[str]:
    """Name the shared stores that a web replica lacks, unless they are set and invalid."""
    urls = {"DATABASE_URL": s.database_url, "REDIS_URL": s.redis_url} if role is Role.WEB else {}
    missing = [name for name, url in urls.items() if not url.get_secret_value() and name not in invalid]
    if not missing:
        return []
    return [f"{' and '.join(missing)}: a web replica needs the stores of the others; `serve` brings its own"]


def _add_development_secrets(s: Settings) -> list[str]:
    """Set the keys that are missing in development. Returns the faults of the folder that stores them."""
    missing = [name for name in ("secret_key", "jwt_secret_key") if not getattr(s, name).get_secret_value()]
    if not missing:
        return []
    try:
        kept = development_secrets(s.data_dir)
    except (OSError, ValueError) as error:
        return [f"DATA_DIR: cannot keep secrets in {s.data_dir}: {error}"]
    for name in missing:
        setattr(s, name, SecretStr(kept[name]))
    return []


def _read() -> tuple[Settings, dict[str, str]]:
    """Return the settings, and the names of the invalid ones by fault.

    An invalid setting gets its default, so that the other checks run in the same pass.
    """
    secrets, faults = read_secret_files(ENV_FILE)
    values: dict[str, Any] = {**secrets, **{name.lower(): _default(name.lower()) for name in faults.values()}}
    try:
        return Settings(**values), faults
    except ValidationError as error:
        details = error.errors()
    values |= {name: _default(name) for name in (str(e["loc"][0]) for e in details)}
    if any(e["loc"] == ("environment",) and str(e["input"]).lower().startswith("prod") for e in details):
        values["environment"] = "production"  # a misspelt production is checked as production, too
    return Settings(**values), faults | {_in_words(e): str(e["loc"][0]).upper() for e in details}


def _default(name: str) -> object:
    return Settings.model_fields[name].default


def _in_words(fault: ErrorDetails) -> str:
    return f"{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg'].removeprefix('Value error, ')}"


def unknown_settings() -> list[str]:
    """Return a line for each name that was probably meant as a setting."""
    try:
        return unknown_names([*Settings.model_fields, *FILE_NAMES], ENV_FILE)
    except (OSError, UnicodeDecodeError):
        return []  # the command reports it


def logs_are_json() -> bool:
    """Return True if LOG_FORMAT is json, also while other settings are invalid."""
    try:
        return read_names(ENV_FILE).get("LOG_FORMAT") == "json"
    except (OSError, UnicodeDecodeError):
        return False


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process."""
    return load_settings()

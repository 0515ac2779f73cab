"""The settings of this process, read once from the environment and `.env`."""

from functools import lru_cache

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from tca_app.config.names import unknown_names
from tca_app.config.production import production_faults
from tca_app.config.schema import ENV_FILE, Settings
from tca_app.config.secrets import development_secrets

VERSION = "0.2.0"


class ConfigError(Exception):
    """The settings are invalid. `faults` has one readable line per fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def load_settings() -> Settings:
    """Read the settings and the development secrets. Raises ConfigError with every fault."""
    s, faults = _read()
    if s.is_production:
        faults |= {fault: name for fault in production_faults(s) if (name := fault.split()[0]) not in faults.values()}
    if faults:
        raise ConfigError(list(faults))
    if not (s.is_production or (s.secret_key.get_secret_value() and s.jwt_secret_key.get_secret_value())):
        try:
            kept = development_secrets(s.data_dir)
        except (OSError, ValueError) as error:
            raise ConfigError([f"DATA_DIR: cannot keep secrets in {s.data_dir}: {error}"]) from None
        for name in ("secret_key", "jwt_secret_key"):
            if not getattr(s, name).get_secret_value():
                setattr(s, name, SecretStr(kept[name]))
    return s


def _read() -> tuple[Settings, dict[str, str]]:
    """Return the settings and the faults by setting.

    An invalid setting gets its default, so that the other checks run in the same pass.
    """
    try:
        return Settings(), {}
    except ValidationError as error:
        names = {str(e["loc"][0]) for e in error.errors()}
        faults = {_in_words(e): str(e["loc"][0]).upper() for e in error.errors()}
    return Settings(**{name: Settings.model_fields[name].default for name in names}), faults


def _in_words(fault: ErrorDetails) -> str:
    return f"{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg'].removeprefix('Value error, ')}"


def unknown_settings() -> list[str]:
    """Return a line for each name that was probably meant as a setting."""
    return unknown_names(Settings.model_fields, ENV_FILE)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process."""
    return load_settings()

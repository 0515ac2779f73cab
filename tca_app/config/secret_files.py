"""Secrets in files: `NAME_FILE` is the path of the file that holds the setting `NAME`."""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG

from dotenv import dotenv_values
from pydantic import SecretStr

from tca_app.config.fields import Fields

MAX_BYTES = 64 * 1024
URLS_WITH_PASSWORD = ("user_service_url", "notification_service_url", "analytics_service_url")
FILE_NAMES = {
    f"{name.upper()}_FILE": name
    for name, field in Fields.model_fields.items()
    if field.annotation is SecretStr or name in URLS_WITH_PASSWORD
}


def read_names(env_file: Path) -> dict[str, str]:
    """Return what the environment and `env_file` set, as settings are read: in any case, the environment first."""
    in_file = {name.upper(): value or "" for name, value in dotenv_values(env_file).items()}
    return in_file | {name.upper(): value for name, value in os.environ.items()}


def read_secret_files(env_file: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the values by field, and the names of the settings without a usable value by fault."""
    names = read_names(env_file)
    values, faults = {}, {}
    for file_name, field in FILE_NAMES.items():
        if not names.get(file_name):
            continue
        try:
            values[field] = _read(names, file_name)
        except ValueError as error:
            faults[str(error)] = field.upper()
    return values, faults


def _read(names: Mapping[str, str], file_name: str) -> str:
    """Return the content of the file. Raises a ValueError that names the file, never its content."""
    name, path = file_name.removesuffix("_FILE"), names[file_name]
    if names.get(name):
        raise ValueError(f"{name} and {file_name} are both set; remove one of them")
    if not path.startswith("/"):  # may be the secret itself, so it is not repeated
        raise ValueError(f"{file_name} must be the absolute path of a file")
    try:
        return _content(path)
    except OSError as error:
        reason = error.strerror
    except ValueError as error:
        reason = str(error)
    raise ValueError(f"{file_name}: {path!r} cannot be used: {reason}")


@lru_cache(maxsize=len(FILE_NAMES))
def _content(path: str) -> str:
    """Return the text of a file without one line break at its end. A process reads it once."""
    if not S_ISREG(os.stat(path).st_mode):
        raise ValueError("it is not a file")  # a pipe could wait for ever
    with open(path, "rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES // 1024} KiB")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    text = text[: -len("\r\n")] if text.endswith("\r\n") else text.removesuffix("\n")
    if not text or "\0" in text:
        raise ValueError("it holds no text")
    return text

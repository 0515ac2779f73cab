"""Finds names in `.env` and in the environment that look like settings but are not."""

import os
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path

from dotenv import dotenv_values

NEAR = 0.85  # matches DATABSE_URL, SMTP_ULR and DATABASE_URI, but not XDG_DATA_DIRS and HOSTNAME
NEAR_WORD = 0.6  # of each word: matches ULR and URI for URL, but not USER
# Prefixes that only the console uses. REDIS_ and HOST are not listed, because other programs use them too.
PREFIXES = ("FIRST_SUPERUSER_", "JWT_", "PASSWORD_HASH_", "RATE_LIMIT_", "OUTBOUND_ALLOWED_", "SLACK_WEBHOOK_")


def unknown_names(known: Iterable[str], env_file: Path) -> list[str]:
    """Return a line for each unknown name in `env_file`, and for each near miss in the environment."""
    names = {name.upper() for name in known} | {"ADMIN_PASSWORD"}
    in_file = dotenv_values(env_file) if env_file.is_file() else {}
    lines = [_line(f"{name} in {env_file}", name, names) for name in in_file if name.upper() not in names]
    for name in sorted(set(os.environ) - set(in_file)):
        if name.upper() not in names and _is_meant(name.upper(), names):  # settings are read in any case
            lines.append(_line(name, name, names))
    return lines


def _is_meant(name: str, names: set[str]) -> bool:
    """Return True for a prefix of ours, a near miss, and the file of a setting that is no secret."""
    return (
        name.startswith(PREFIXES)
        or any(_are_alike(name, setting) for setting in get_close_matches(name, names, 3, NEAR))
        or (name.endswith("_FILE") and name.removesuffix("_FILE") in names)
    )


def _are_alike(name: str, setting: str) -> bool:
    """Compare word by word, because a short word such as USER is lost in a long name."""
    words, meant = name.split("_"), setting.split("_")
    pairs = zip(words, meant, strict=False)
    return len(words) != len(meant) or all(SequenceMatcher(None, *pair).ratio() >= NEAR_WORD for pair in pairs)


def _line(where: str, name: str, names: set[str]) -> str:
    near = get_close_matches(name.upper(), names, 1)
    return f"{where} is not a setting" + (f"; did you mean {near[0]}?" if near else "")

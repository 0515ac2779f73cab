"""Keeps secrets of the job out of the log that is sent to the console."""

import re
from collections.abc import Iterable, Mapping

HIDDEN = "***"
MIN_LENGTH = 8  # a shorter value is part of ordinary words
_SECRET_NAME = re.compile(
    r"(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|PRIVATE|_KEY|APIKEY|_PAT)(_|$|\d)", re.I
)
_URL_PASSWORD = re.compile(r"[\w+.-]+://[^/\s:@]*:([^/\s@]+)@")
_ADD_MASK = "::add-mask::"  # GitHub's command: what follows is secret from now on


class Masks:
    """The values that are replaced: those of variables whose name says secret, those named, and what GitHub masks.

    Of a URL with a password, such as that of a database, the password is.
    """

    def __init__(self, environment: Mapping[str, str], names: Iterable[str] = ()) -> None:
        named = set(names)
        self._values: set[str] = set()
        for name, value in environment.items():
            if name in named or (_SECRET_NAME.search(name) and not value.startswith("/")):
                self.add(value)
            elif found := _URL_PASSWORD.match(value):
                self.add(found[1])
        self._pattern: re.Pattern[str] | None = None

    def add(self, value: str) -> None:
        """A value of several lines, such as a private key, is hidden line by line."""
        self._values |= {line for part in value.splitlines() if len(line := part.strip()) >= MIN_LENGTH}
        self._pattern = None

    def hide(self, line: str) -> str | None:
        """Return the line without secrets, or None for a line that only names one."""
        if line.startswith(_ADD_MASK):
            self.add(line.removeprefix(_ADD_MASK))
            return None
        if not self._values:
            return line
        if self._pattern is None:  # the longest first: one value may contain another
            self._pattern = re.compile("|".join(map(re.escape, sorted(self._values, key=len, reverse=True))))
        return self._pattern.sub(HIDDEN, line)

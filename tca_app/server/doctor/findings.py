"""What a look of the doctor found, and how looks are run: each in a bounded time, and none stops the others."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from tca_app.core.telemetry.redaction import excerpt

LIMIT_S = 15.0
MAX_TEXT = 300


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor. `mend` says what to do about a problem."""

    status: Literal["ok", "problem", "skipped"]
    detail: str
    mend: str = ""
    look: str = ""

    @property
    def line(self) -> str:
        return f"{self.status:8} {self.look}: {self.detail}" + (f". {self.mend}" if self.mend else "")

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def ok(detail: str) -> Finding:
    return Finding("ok", detail)


def problem(detail: str, mend: str) -> Finding:
    return Finding("problem", detail, mend)


def skipped(detail: str) -> Finding:
    return Finding("skipped", detail)


Look = Callable[[], Awaitable[Finding]]


async def run_looks(looks: Mapping[str, Look], limit_s: float = LIMIT_S) -> list[Finding]:
    """Run the looks one after another, each for at most `limit_s`."""
    return [await _run(name, look, limit_s) for name, look in looks.items()]


async def _run(name: str, look: Look, limit_s: float) -> Finding:
    # Not wait_for, which also waits until the look has handled its cancellation.
    looking = asyncio.ensure_future(look())
    done, _ = await asyncio.wait({looking}, timeout=limit_s)
    if not done:
        looking.cancel()
        found = problem(f"no result within {limit_s:g} s", "Find out what does not answer, and run this again")
    elif error := looking.exception():
        found = problem(f"{type(error).__name__}: {error}", "Find the cause in this line, and run this again")
    else:
        found = looking.result()
    detail = excerpt(found.detail.replace("\n", " "), MAX_TEXT)
    return Finding(found.status, detail, found.mend, name)

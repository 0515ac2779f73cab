"""Runs probes. A probe never raises; its result contains the error."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter
from typing import Protocol

import httpx
import structlog

from tca_app.core.outgoing.http import TargetUnreachable, ask
from tca_app.core.outgoing.ssrf_safe import ForbiddenAddress, send
from tca_app.features.health import details
from tca_app.features.health.internal_checks import HEAD_START_S, PARTS, NotInUse, one_by_one, timed
from tca_app.features.health.probing.checks import service_url

log = structlog.get_logger(__name__)

MAX_CONCURRENT_PROBES = 20
REMOTE_HEAD_START_S = 0.01
CERTIFICATE_WARNING = timedelta(days=14)
AGENT = {"User-Agent": "TCA-InfraForge-Health/1"}


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of a probe of the check `check_id`. `ok` is None when there is nothing to check."""

    check_id: int
    ok: bool | None
    latency_ms: float
    detail: str
    certificate_until: datetime | None = None


class DueCheck(Protocol):
    """What a probe needs of a check: a row of `claim_due`, or a model."""

    id: int
    key: str
    kind: str
    url: str
    expected_status: int | None
    timeout_s: int


async def probe_all(checks: Sequence[DueCheck]) -> list[ProbeResult]:
    """Probes all checks.

    The console's own components come first, one by one. The others go over the network: several run at a time.
    """
    slots = asyncio.Semaphore(MAX_CONCURRENT_PROBES)

    async def probe_remote(check: DueCheck) -> ProbeResult:
        async with slots:
            return await _probe(check)

    own = [partial(_probe, check) for check in checks if check.kind == "part"]
    remote = [partial(probe_remote, check) for check in checks if check.kind != "part"]
    return await one_by_one(own, HEAD_START_S) + await one_by_one(remote, REMOTE_HEAD_START_S)


async def _probe(check: DueCheck) -> ProbeResult:
    ask = {"part": _ask_part, "service": _ask_service, "environment": _ask_environment}[check.kind]
    began = perf_counter()
    try:
        ok, detail, until = await ask(check)
    except (TargetUnreachable, ForbiddenAddress, httpx.TransportError) as error:
        ok, detail, until = False, str(error) or type(error).__name__, None
    except NotInUse as reason:
        ok, detail, until = None, str(reason), None
    except TimeoutError:
        ok, detail, until = False, details.TIMED_OUT.format(seconds=check.timeout_s), None
    except Exception as error:
        # A bug in one check must not stop the others.
        log.exception("health.probe_failed", check=check.key)
        ok, detail, until = False, details.CHECK_FAILED.format(error=type(error).__name__), None
    took = round((perf_counter() - began) * 1e3, 2)
    return ProbeResult(check.id, ok, took, detail.replace("\x00", "")[:500], until)


Answer = tuple[bool | None, str, datetime | None]


async def _ask_part(check: DueCheck) -> Answer:
    found = await timed(PARTS[check.key])
    return found.status == "ok", found.detail, None


async def _ask_service(check: DueCheck) -> Answer:
    """Probes a service. Any response below 500 passes, because its root URL may return anything."""
    answer = await ask("GET", service_url(check.key), headers=AGENT)
    return answer.status_code < 500, f"HTTP {answer.status_code}", None


async def _ask_environment(check: DueCheck) -> Answer:
    """Probes an environment. Any 2xx or 3xx passes, or only the expected status. Redirects are not followed."""
    async with asyncio.timeout(check.timeout_s):
        answer = await send("GET", check.url, headers=AGENT)
    wanted = check.expected_status
    ok = answer.status == wanted if wanted else 200 <= answer.status < 400
    words = details.UNEXPECTED_STATUS if wanted and not ok else "HTTP {status}"
    return ok, words.format(status=answer.status, expected=wanted), answer.certificate_until

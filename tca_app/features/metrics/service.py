"""Collects the metrics of a scrape: the counters of this process, and values that are read for each scrape."""

from collections.abc import Iterable, Iterator
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.cache.local import seconds_disconnected
from tca_app.core.database.session import pool_use
from tca_app.core.errors import AppError
from tca_app.core.telemetry.metrics import REGISTRY
from tca_app.features.backup.schedule import last_backups
from tca_app.features.backup.schemas import BackupsRead
from tca_app.features.event_export.service import Backlog, read_backlog
from tca_app.features.health.schemas import HealthRead
from tca_app.features.health.service import health
from tca_app.features.jobs.schemas import QueuesRead
from tca_app.features.jobs.service import count_queues
from tca_app.features.metrics import policy

log = structlog.get_logger(__name__)


class _Snapshot(CollectorRegistry):
    """Current values. An unreachable component has no values instead of old ones."""

    def __init__(self, families: Iterable[Metric]) -> None:
        super().__init__()
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        yield from self._families


async def scrape(session: AsyncSession, actor: Actor | None) -> bytes:
    """Returns all metrics in Prometheus' text format, even while PostgreSQL or Redis is unreachable."""
    policy.require(actor)
    parts = await health()  # it has a timeout, and concurrent readers share one check
    families = [*_health(parts), *_pools(), _seconds_disconnected(), _is_backup_scheduled()]
    if parts.checks["database"].status == "ok":
        try:
            families += _queues(await count_queues(session))
            if get_settings().backup_dir:
                families += _backups(await last_backups(session))
            if get_settings().event_export_target:
                families += _event_export(await read_backlog(session))
        except (AppError, OSError) as error:
            log.warning("metrics.without_database", error=type(error).__name__)
    return generate_latest(REGISTRY) + generate_latest(_Snapshot(families))


def _gauge(name: str, help_: str, label: str, values: Iterable[tuple[str, Any]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"tca_{name}", help_, labels=[label])
    for key, value in values:
        family.add_metric([key], float(value))
    return family


def _seconds_disconnected() -> Metric:
    return GaugeMetricFamily(
        "tca_deaf_seconds",
        "Seconds since change notifications stopped arriving; 0 when connected.",
        seconds_disconnected(),
    )


def _health(read: HealthRead) -> list[Metric]:
    checks = read.checks.items()
    timed = [(name, check.latency_ms / 1e3) for name, check in checks if check.latency_ms is not None]
    return [
        _gauge(
            "up",
            "1 if a component is operational, else 0.",
            "part",
            [(n, c.status == "ok") for n, c in checks],
        ),
        _gauge("probe_seconds", "Duration of the last check of a component.", "part", timed),
    ]


def _is_backup_scheduled() -> Metric:
    help_ = "1 if BACKUP_DIR is set for this process, so that backups are scheduled."
    return GaugeMetricFamily("tca_backup_scheduled", help_, float(get_settings().backup_dir is not None))


def _backups(last: BackupsRead) -> list[Metric]:
    values = {
        "last_success_timestamp_seconds": ("When a scheduled backup last succeeded.", last.succeeded_at),
        "last_failure_timestamp_seconds": ("When one last failed.", last.failed_at),
    }
    families: list[Metric] = [
        GaugeMetricFamily(f"tca_backup_{name}", help_, at.timestamp()) for name, (help_, at) in values.items() if at
    ]
    if last.bytes is not None:
        families.append(GaugeMetricFamily("tca_backup_last_bytes", "The size of the last good one.", last.bytes))
    return families


def _event_export(waiting: Backlog) -> list[Metric]:
    return [
        GaugeMetricFamily("tca_event_export_waiting", "Events that wait for their export.", waiting.events),
        GaugeMetricFamily("tca_event_export_lag_seconds", "Seconds that the oldest has been waiting.", waiting.lag_s),
    ]


def _pools() -> list[Metric]:
    use = pool_use().items()
    return [
        _gauge("db_pool_size", "Maximum number of connections in a pool.", "pool", [(n, u[0]) for n, u in use]),
        _gauge("db_pool_open", "Open connections.", "pool", [(n, u[1]) for n, u in use]),
        _gauge("db_pool_checked_out", "Connections in use.", "pool", [(n, u[2]) for n, u in use]),
    ]


def _queues(found: QueuesRead) -> list[Metric]:
    depth = GaugeMetricFamily("tca_queue_jobs", "Jobs by queue and state.", labels=["queue", "state"])
    for queue in found.queues:
        for state in ("waiting", "running", "retrying", "dead"):
            depth.add_metric([queue.name, state], getattr(queue, state))
    lags = [(queue.name, queue.lag_seconds) for queue in found.queues]
    return [
        depth,
        _gauge("queue_lag_seconds", "Seconds that the oldest runnable job has been waiting.", "queue", lags),
        GaugeMetricFamily("tca_job_workers", "Running workers across all processes.", found.workers),
    ]

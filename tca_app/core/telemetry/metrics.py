"""Prometheus metrics that this process counts.

Every label comes from a fixed list: route templates, registered handlers, kinds of jobs. A caller cannot create a new
series, so their number is bounded. Values that can be queried are not counted here: `features.metrics` reads them at
each scrape.
"""

from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from platform import python_version
from time import perf_counter
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, disable_created_metrics
from prometheus_client.process_collector import ProcessCollector

from tca_app.config.settings import VERSION

# done; refused with a message for the person; failed by a bug; superseded by the same event, sent again.
Outcome = Literal["done", "refused", "failed", "superseded"]
Delivery = Literal["succeeded", "retrying", "failed"]  # of a webhook; a test has no retry
# Why a sign-in was refused. `throttled`: too many failures before; `provider`: single sign-on.
Refusal = Literal["password", "second_factor", "passkey", "provider", "throttled", "ci_token"]
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED_ROUTE = OTHER = "other"  # the route label of requests that match no route
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

# Names of environments are free text, so the pairs of project and environment are counted up to this many.
MAX_ENVIRONMENTS = 1000

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)


def _counter(name: str, help_: str, *labels: str) -> Counter:
    return Counter(f"tca_{name}", help_, labels, registry=REGISTRY)


def _histogram(name: str, help_: str, *labels: str) -> Histogram:
    return Histogram(f"tca_{name}", help_, labels, buckets=_SECONDS, registry=REGISTRY)


def _gauge(name: str, help_: str, *labels: str) -> Gauge:
    return Gauge(f"tca_{name}", help_, labels, registry=REGISTRY)


_requests = _counter("http_requests", "HTTP requests by route, method and status.", "route", "method", "status")
_request_s = _histogram(
    "http_request_duration_seconds",
    "Time from the first byte received to the last one sent.",
    "route",
    "method",
    "status",
)
_ui_events = _counter("ui_events", "UI events by handler and outcome.", "handler", "outcome")
_ui_event_s = _histogram("ui_event_duration_seconds", "Run time of UI event handlers.", "handler")
_jobs = _counter("jobs", "Job attempts by task and outcome: done, retried, dead.", "task", "outcome")
_job_s = _histogram("job_duration_seconds", "Run time of job attempts.", "task")
_jobs_running = _gauge("jobs_running", "Jobs that this process is doing, by task.", "task")
_deployments = _counter(
    "deployments",
    "Deployments that ended, by project, environment and result; without imported ones.",
    "project",
    "environment",
    "result",
)
_deliveries = _counter("webhook_deliveries", "Attempts to deliver to a webhook, by result.", "result")
_refused = _counter("sign_ins_refused", "Refused sign-ins, by reason.", "reason")
_consumed = _counter("events_consumed", "Events of the log that a consumer has processed.", "consumer")
_cache_reads = _counter("cache_reads", "Cache reads by namespace and result: hit, miss or off.", "namespace", "result")
_spans = _counter(
    "trace_spans",
    "Spans of traces by result: sent, failed (not taken by the collector) or dropped (the queue was full).",
    "result",
)
_trimmed = _counter("retention_deleted", "Rows that were deleted after their retention period.", "table")
CACHE_ERRORS = _counter("cache_errors", "Redis errors after which the cache was skipped.")
_build = _gauge("build_info", "Always 1; the labels are the running version and its Python.", "version", "python")
_build.labels(VERSION, python_version()).set(1)
SOCKETS = _gauge("sockets", "Open WebSocket connections.")
SCREENS = _gauge("live_screens", "Open pages that are subscribed to live updates.")


# Label children are cached, because looking one up costs as much as counting.
@cache
def _request_of(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    return _requests.labels(route, method, status), _request_s.labels(route, method, status)


def note_request(route: str, method: str, status: int, seconds: float) -> None:
    count, duration = _request_of(route, method if method in METHODS else UNMATCHED_ROUTE, status)
    count.inc()
    duration.observe(seconds)


@cache
def _ui_event_of(handler: str, outcome: Outcome) -> tuple[Counter, Histogram]:
    return _ui_events.labels(handler, outcome), _ui_event_s.labels(handler)


def note_ui_event(handler: str, outcome: Outcome, seconds: float) -> None:
    count, duration = _ui_event_of(handler, outcome)
    count.inc()
    duration.observe(seconds)


def note_refused_event(handler: str) -> None:
    """Count an event that the gate refused."""
    _ui_event_of(handler, "refused")[0].inc()


def note_job(task: str, outcome: Literal["done", "retried", "dead"], seconds: float) -> None:
    _jobs.labels(task, outcome).inc()
    _job_s.labels(task).observe(seconds)


@contextmanager
def running_job(task: str) -> Iterator[None]:
    """Count a job as running meanwhile."""
    running = _jobs_running.labels(task)
    running.inc()
    try:
        yield
    finally:
        running.dec()


_environments: set[tuple[str, str]] = set()


def note_deployment(project: str, environment: str, result: str) -> None:
    """Count a deployment that ended. Beyond `MAX_ENVIRONMENTS` they are counted together, as `other`."""
    if (project, environment) not in _environments:
        if len(_environments) >= MAX_ENVIRONMENTS:
            project = environment = OTHER
        else:
            _environments.add((project, environment))
    _deployments.labels(project, environment, result).inc()


def note_delivery(result: Delivery) -> None:
    _deliveries.labels(result).inc()


def note_refused_sign_in(reason: Refusal) -> None:
    _refused.labels(reason).inc()


def note_consumed(consumer: str, events: int) -> None:
    _consumed.labels(consumer).inc(events)


def note_spans(result: Literal["sent", "failed", "dropped"], spans: int) -> None:
    _spans.labels(result).inc(spans)


def note_trimmed(table: str, rows: int) -> None:
    _trimmed.labels(table).inc(rows)


def note_cache_read(namespace: str, result: Literal["hit", "miss", "off"]) -> None:
    _cache_reads.labels(namespace, result).inc()


@contextmanager
def watch_handler(handler: str) -> Iterator["HandlerRun"]:
    """Time one UI event. The caller sets `outcome`."""
    run = HandlerRun()
    started = perf_counter()
    try:
        yield run
    except CancelledError:
        run.outcome = "superseded"
        raise
    finally:
        note_ui_event(handler, run.outcome, perf_counter() - started)


class HandlerRun:
    outcome: Outcome = "done"

"""The metrics in Prometheus' text format 0.0.4, by its own library.

A custom collector gives them, and is asked only when somebody scrapes: so the library, which is
slow to load, is out of the way of the start and of every request.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from bookingd import __version__
from bookingd.measures import BOUNDS, Histogram, Measures
from schedules.scheduler import Job
from storage.interface import Health
from storage.model import Outbox

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_STATES = ("pending", "leased", "dead", "missed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Collector):
    """Everything at one moment; without `database` and `outbox` when they are out of reach."""

    now: datetime
    measures: Measures
    jobs: Sequence[Job]
    database: Health | None
    outbox: Outbox | None
    in_flight: int
    connections: int
    waiting: int

    def collect(self) -> Iterator[Metric]:
        """For Prometheus' library."""
        yield _info()
        yield from _http(self)
        yield from _commits(self)
        yield from _database(self.database)
        if self.outbox is not None:
            yield from _outbox(self.outbox, self.now)
        yield from _mails(self.measures)
        yield from _jobs(self.jobs)
        yield _histogram(
            "bookingd_event_loop_lag_seconds", "How late the event loop was", self.measures.lag
        )
        yield from ProcessCollector(registry=None).collect()
        yield from PlatformCollector(registry=None).collect()

    @property
    def text(self) -> bytes:
        """As Prometheus reads it."""
        return generate_latest(self)


def _info() -> Metric:
    info = InfoMetricFamily("bookingd_build", "This bookingd")
    info.add_metric((), {"version": __version__})
    return info


def _http(snapshot: Snapshot) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "bookingd_http_requests", "Requests answered", labels=("method", "route", "status")
    )
    for (method, route, status), count in snapshot.measures.requests.items():
        requests.add_metric((method, route, str(status)), count)
    yield requests
    durations = HistogramMetricFamily(
        "bookingd_http_request_duration_seconds",
        "From the request to its answer",
        labels=("method", "route"),
    )
    for labels, histogram in snapshot.measures.durations.items():
        durations.add_metric(labels, _buckets(histogram), histogram.sum)
    yield durations
    yield _gauge(
        "bookingd_http_requests_in_flight", "Requests not yet answered", snapshot.in_flight
    )
    yield _gauge("bookingd_http_connections", "Connections of clients", snapshot.connections)


def _commits(snapshot: Snapshot) -> Iterator[Metric]:
    yield _histogram(
        "bookingd_commit_duration_seconds",
        "Commits of the desk; each carries out all writes that waited",
        snapshot.measures.commits,
    )
    yield _counter(
        "bookingd_writes",
        "Writes of the desk by outcome",
        "outcome",
        # A rate cannot see the first of what was not there before, and this one is watched.
        _outcomes({"Unavailable": 0, **snapshot.measures.writes}),
    )
    yield _gauge("bookingd_desk_waiting", "Writes that wait for the desk", snapshot.waiting)


def _database(found: Health | None) -> Iterator[Metric]:
    yield _gauge("bookingd_database_up", "Whether the database answers", int(found is not None))
    if found is None:
        return
    yield _gauge("bookingd_database_latency_seconds", "A sign of life", found.latency)
    connections = {"idle": found.idle, "in_use": found.size - found.idle}
    yield _gauges("bookingd_database_connections", "The pool", "state", connections)
    yield _gauge("bookingd_database_connections_max", "The pool's limit", found.maximum)


def _outbox(found: Outbox, now: datetime) -> Iterator[Metric]:
    states = {state: getattr(found, state) for state in _STATES}
    yield _gauges("bookingd_outbox_messages", "Messages that have not left", "state", states)
    yield _gauge("bookingd_outbox_due", "Messages whose moment has come", found.due)
    yield _gauge("bookingd_outbox_overdue", "Messages due for over five minutes", found.overdue)
    since = found.oldest_due_at or now
    yield _gauge(
        "bookingd_outbox_oldest_due_age_seconds",
        "For how long the longest has been due",
        max(0.0, (now - since).total_seconds()),
    )
    yield _gauge(
        "bookingd_reminders_soon", "Reminders due in the next 24 hours", found.reminders_soon
    )


def _mails(measures: Measures) -> Iterator[Metric]:
    yield _counter(
        "bookingd_mails", "Attempts to send, by outcome", "outcome", _outcomes(measures.mails)
    )
    calls = _outcomes(measures.calls)
    yield _counter("bookingd_webhook_calls", "Calls of webhooks, by outcome", "outcome", calls)
    if measures.mailed_at is not None:
        yield _gauge(
            "bookingd_mail_last_success_timestamp_seconds",
            "When a mail was last handed over",
            measures.mailed_at.timestamp(),
        )


def _jobs(jobs: Sequence[Job]) -> Iterator[Metric]:
    ran = {job.name: job.last_run.timestamp() for job in jobs if job.last_run}
    succeeded = {job.name: job.last_success.timestamp() for job in jobs if job.last_success}
    failures = {job.name: job.failures for job in jobs}
    yield _gauges("bookingd_job_last_run_timestamp_seconds", "When it last began", "job", ran)
    yield _gauges(
        "bookingd_job_last_success_timestamp_seconds", "When it last succeeded", "job", succeeded
    )
    yield _counter("bookingd_job_failures", "How often it failed", "job", failures)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _gauges(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    return _each(GaugeMetricFamily(name, text, labels=(label,)), values)


def _counter(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    return _each(CounterMetricFamily(name, text, labels=(label,)), values)


def _each(family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[str, float]) -> Metric:
    for label, value in values.items():
        family.add_metric((label,), value)
    return family


def _outcomes(found: Mapping[str, int]) -> Mapping[str, int]:
    """By names as Prometheus likes them: `SlotTaken` is `slot_taken`."""
    return {re.sub("(?<!^)(?=[A-Z])", "_", name).lower(): count for name, count in found.items()}


def _histogram(name: str, text: str, histogram: Histogram) -> Metric:
    buckets = _buckets(histogram)
    return HistogramMetricFamily(name, text, buckets=buckets, sum_value=histogram.sum)


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    bounds = [*map(str, BOUNDS), "+Inf"]
    return list(zip(bounds, map(float, histogram.cumulative), strict=True))

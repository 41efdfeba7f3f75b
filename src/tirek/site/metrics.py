"""Prometheus metrics: requests by route, and what the database and the workers say when they are asked."""

from __future__ import annotations

import hmac
import ipaddress
import os
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

requests_total = Counter("tirek_requests_total", "Requests answered", ["route", "method", "status"])
request_seconds = Histogram("tirek_request_seconds", "Time to answer a request", ["route"], buckets=BUCKETS)


def count_request(route: str, method: str | None, status: int, seconds: float) -> None:
    known = method if method in METHODS else "other"
    requests_total.labels(route, known, str(status)).inc()
    request_seconds.labels(route).observe(seconds)


class DatabaseCollector:
    """Asked at each scrape, so that no process has to keep these up to date."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        from django.db import Error, connection, transaction

        up = GaugeMetricFamily("tirek_database_up", "1 when the database answers")
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("select status, count(*) from procrastinate_jobs group by 1")
                jobs = cursor.fetchall()
                cursor.execute(
                    "select count(*) from procrastinate_workers where last_heartbeat > now() - interval '1 min'"
                )
                workers = cursor.fetchone()[0]
                cursor.execute("select pg_database_size(current_database())")
                size = cursor.fetchone()[0]
        except Error:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        waiting = GaugeMetricFamily("tirek_jobs", "Jobs by state", labels=["state"])
        for state, count in jobs:
            waiting.add_metric([str(state)], count)
        yield waiting
        yield GaugeMetricFamily("tirek_workers", "Background workers that gave a sign in the last minute", workers)
        yield GaugeMetricFamily("tirek_database_bytes", "Size of the database", size)


def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics of all server processes together."""
    if not may_read(request):
        return HttpResponse("Metrics are for this machine, or for who brings the token.\n", status=403)
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.MultiProcessCollector(registry)
    else:
        registry.register(requests_total)
        registry.register(request_seconds)
    registry.register(DatabaseCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE)


def may_read(request: HttpRequest) -> bool:
    """With TIREK_METRICS_TOKEN: who brings it. Without: this machine itself, not through a proxy on it."""
    token = os.environ.get("TIREK_METRICS_TOKEN")
    if token:
        return hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode())
    if {"X-Forwarded-For", "Forwarded", "X-Real-Ip"} & set(request.headers):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False

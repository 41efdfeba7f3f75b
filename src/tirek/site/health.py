"""``/health`` (this process answers), ``/ready`` (it can work) and ``/metrics``, before anything else is asked.

They are answered by a middleware at the very front: a probe has no session, names no host, and must get its answer when
the database is down. None of them says anything about a person or the inside of the installation.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import Error, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse

from tirek.site.checks import BAD, GOOD, examine
from tirek.storage.watched import somebody_waits

KEEP_SECONDS = 2.0


class HealthMiddleware:
    """Answers the three addresses of probes; passes everything else on."""

    def __init__(self, get_response):
        self.get_response = get_response
        self.answers: dict[str, Callable[[HttpRequest], HttpResponse]] = {
            "/health": health,
            "/ready": Readiness(),
            "/metrics": _metrics,
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.answers.get(request.path_info.rstrip("/"))
        if answer is None:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        response = answer(request)
        response.headers["Cache-Control"] = "no-store"
        return response


def health(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"state": GOOD})


class Readiness:
    """Asks the database at most every two seconds, however often it is asked itself."""

    def __init__(self) -> None:
        self.asked = float("-inf")
        self.states: dict[str, str] = {}
        self.migrated = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if time.monotonic() - self.asked > KEEP_SECONDS:
            self.states = self._ask()
            self.asked = time.monotonic()
        bad = BAD in self.states.values()
        return JsonResponse({"state": BAD if bad else GOOD, **self.states}, status=503 if bad else 200)

    def _ask(self) -> dict[str, str]:
        from tirek.site.checks_database import READY

        states = {}
        for subject, check in READY.items():
            if subject == "migrations" and self.migrated:
                continue  # what was applied stays applied while this version runs
            try:
                with somebody_waits(), transaction.atomic():
                    states[subject] = max((finding.state for finding in examine([check])), key=_weight, default=GOOD)
            except Error:
                return {"database": BAD}  # to ask on would take as long again
        if states.get("migrations") == GOOD:
            self.migrated = True
        return states


def _weight(state: str) -> int:
    return ("good", "look", "bad").index(state)


def _metrics(request: HttpRequest) -> HttpResponse:
    from tirek.site.metrics import metrics

    return metrics(request)

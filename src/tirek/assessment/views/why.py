"""Why is a pupil's result what it is? For the pupil's own people: parents, the class's teacher, the school, the office."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tirek.access.gates import gate
from tirek.access.services.reads import record_read
from tirek.assessment.queries import results as queries
from tirek.registry.queries import people


@gate(permission="people.read")
@require_GET
@never_cache
def why(request: HttpRequest, code: str, public_id: uuid.UUID) -> HttpResponse:
    """The outcome that the journal keeps under the pupil's pseudonym, found from the pupil and never the other way round."""
    pupil = people.person(request.scope, public_id)
    explained = pupil and queries.why_of_person(code, pupil.pk)
    if not explained:
        raise Http404
    record_read(request, pupil, reason=f"why {explained.number}")
    return render(request, "decisions/why.html", {"why": explained, "subject": str(pupil)})

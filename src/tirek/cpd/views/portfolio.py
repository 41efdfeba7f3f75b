"""What one teacher has learned: for the teacher, the head of the school and the officers of the territory."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tirek.access.gates import gate
from tirek.access.services.reads import record_read
from tirek.cpd import portfolios, practice_panels
from tirek.cpd.forms.courses import CourseForm
from tirek.cpd.queries import certification, courses
from tirek.cpd.queries import people as positions
from tirek.cpd.queries import portfolio as queries
from tirek.registry.queries import people


@gate(permission="growth.own")
@require_GET
@never_cache
def mine(request):
    """What have I learned, what comes next?"""
    person_id = request.user.person_id
    if person_id is None:
        return render(request, "cpd/portfolio/nobody.html")
    today = timezone.localdate()
    found = queries.portfolio(person_id)
    context = _context(found) | {
        "is_mine": True, "person": positions.person(person_id), "practice": practice_panels.of_person(person_id), "name": str(request.user), "open_cohorts": _for_me(person_id, found, today)[:6],
        "application": next((one for one in found.applications if one.state in certification.OPEN_STATES), None),
        "windows": certification.open_windows(request.scope, today), "n_reviews": _reviews(request),
        "led": courses.cohorts(request.scope, led_by=request.user.pk)[:5],
    }  # fmt: skip
    return render(request, "cpd/portfolio/portfolio.html", context)


def _for_me(person_id: int, found, today) -> list:
    """Runs for the asker's position that the asker is not in yet."""
    employment = positions.employments([person_id], today).get(person_id)
    mine, done = {made.cohort_id for made in found.under_way}, {made.cohort.course_id for made in found.completed}
    taking = courses.open_cohorts(on=today, audience=positions.audience_of(employment) if employment else "")
    return [cohort for cohort in taking if cohort.pk not in mine and cohort.course_id not in done]


def _reviews(request) -> int:
    return certification.my_reviews(request.user.pk).filter(given_at=None).count()


@gate(permission="growth.read")
@require_GET
@never_cache
def person(request, public_id: uuid.UUID):
    """The portfolio of somebody in the asker's scope; a teacher opens only the own."""
    found = _person(request, public_id)
    record_read(request, found)
    context = _context(queries.portfolio(found.pk)) | {
        "person": found, "name": str(found), "practice": practice_panels.of_person(found.pk),
    }  # fmt: skip
    return render(request, "cpd/portfolio/portfolio.html", context)


@gate(permission="growth.read")
@require_GET
@never_cache
def pdf(request, public_id: uuid.UUID):
    found = _person(request, public_id)
    record_read(request, found)
    data = portfolios.as_pdf(
        str(found),
        queries.portfolio(found.pk),
        practice=practice_panels.of_person(found.pk),
        synthetic=queries.is_invented(found.pk),
        now=timezone.now(),
    )
    answer = HttpResponse(data, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="portfolio-{found.public_id}.pdf"'
    return answer


def _context(found) -> dict:
    topics = dict(CourseForm.base_fields["topics"].choices)
    return {
        "found": found, "topics": [(topics.get(topic, topic), hours) for topic, hours in found.hours_by_topic],
        "categories_now": found.employments[:1],
    }  # fmt: skip


def _person(request, public_id: uuid.UUID):
    found = people.person(request.scope, public_id)
    if found is None or (request.scope.is_own and found.pk != request.user.person_id):
        raise Http404
    return found

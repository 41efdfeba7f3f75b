"""What is too long for a request: certificates of a cohort, applications checked by the thousand, a commission's decision."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tirek.cpd.services.certificates import issue_for_cohort
from tirek.cpd.services.certification import check_received
from tirek.cpd.services.commission import publish
from tirek.cpd.services.experts import draw_experts
from tirek.decisions.work import asker
from tirek.storage import jobs


@jobs.work
def give_out(job: jobs.Running, *, code: str, base_address: str) -> dict:
    n = issue_for_cohort(code=code, base_address=base_address, by=asker(), now=timezone.now(), tell=job.advance)
    words = ngettext("%(n)s certificate is given out.", "%(n)s certificates are given out.", n) % {"n": n}
    return {"message": words, "next": f"{reverse('cpd:certificates')}?cohort={code}"}


@jobs.work
def check_applications(job: jobs.Running, *, code: str) -> dict:
    counts = check_received(window_code=code, by=asker(), now=timezone.now(), tell=job.advance)
    words = _("Complete: %(complete)s. Returned because something is missing: %(incomplete)s.") % counts
    return {"message": words, "next": reverse("cpd:window", args=[code])}


@jobs.work
def draw(job: jobs.Running, *, code: str) -> dict:
    job.advance(0, 1, _("Drawing experts without conflicts"))
    drawn = draw_experts(window_code=code, by=asker(), now=timezone.now())
    words = _("Applications that were given experts: %(given)s. Too few experts without a conflict for: %(without)s.") % {
        "given": drawn.given, "without": drawn.without,
    }  # fmt: skip
    return {"message": words, "next": reverse("cpd:window", args=[code])}


@jobs.work
def publish_decision(job: jobs.Running, *, number: str, base_address: str, window: str) -> dict:
    publish(number=number, base_address=base_address, by=asker(), now=timezone.now(), tell_progress=job.advance)
    words = _("The decision %(number)s is published; categories are in the register.") % {"number": number}
    return {"message": words, "next": reverse("cpd:window", args=[window])}

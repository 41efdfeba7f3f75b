"""Data and method files for researchers: ask, watch, fetch."""

from __future__ import annotations

import uuid

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from tirek.access.gates import gate
from tirek.access.services.reads import record_many_read
from tirek.assessment.queries import results as queries
from tirek.assessment.reports import data
from tirek.assessment.services import research as services
from tirek.assessment.views.reports import release_or_404, told_what_is_missing
from tirek.assessment.views.tests import held_or_404, trail
from tirek.storage import jobs, sealed
from tirek_engines.errors import Refusal


class ResearchForm(forms.Form):
    purpose = forms.CharField(
        label=gettext_lazy("What are the data wanted for?"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The question of the study. It is kept with the files."),
    )
    recipient = forms.CharField(label=gettext_lazy("Who will work with them?"), max_length=200)


@gate(permission="assessment.research")
@require_http_methods(["GET", "POST"])
@told_what_is_missing
def research(request: HttpRequest, code: str) -> HttpResponse:
    """Files already made for this test, and a new one."""
    test = held_or_404(request, code)
    release = release_or_404(code)
    form = ResearchForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            purpose, recipient = services.checked_purpose(**form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            title = _("Files for researchers: %(test)s") % {"test": queries.title_of(test)}
            facts = {"release_id": release.pk, "purpose": purpose, "recipient": recipient, "test": code}
            jobs.start(services.research_job, title=title, **facts)
            return redirect("assessment:research", code=code)
    return render(request, "assessment/reports/research.html", {
        "test": test, "title": queries.title_of(test), "trail": trail(test), "form": form,
        "files": data.research_files(release), "job": queries.job_about(release_id=release.pk),
    })  # fmt: skip


@gate(permission="assessment.research")
@require_GET
def fetch(request: HttpRequest, code: str, public_id: uuid.UUID) -> HttpResponse:
    """The zip as it was sealed; every fetching leaves a trace."""
    held_or_404(request, code)
    found = data.research_file(code, public_id)
    if found is None:
        raise Http404
    record_many_read(request, rows=found.n_rows, query=f"research file {found.public_id}", export=True)
    response = HttpResponse(sealed.read(found.sha256), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{code}-{str(public_id)[:8]}.zip"'
    return response

"""Pages of providers, courses and their runs."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_http_methods

from tirek.access.gates import gate
from tirek.cpd.forms.courses import CatalogueFilter, CohortFilter, CohortForm, CourseForm, ProviderForm
from tirek.cpd.queries import courses as queries
from tirek.cpd.refusals import may_here
from tirek.cpd.services import courses as services
from tirek.cpd.views.common import asked, can, paged, tell
from tirek.registry import downloads
from tirek.registry.queries.territories import local_name
from tirek_engines.errors import Refusal


@gate(permission="growth.read")
@require_GET
def catalogue(request):
    """Which courses can I join?"""
    today = timezone.localdate()
    form = CatalogueFilter(request.GET or None)
    given = asked(form)
    found = queries.courses(
        on=today, topic=given.get("topic", ""), audience=given.get("audience", ""), language=given.get("language", ""),
        kind=given.get("kind", ""), text=given.get("q", ""), only_open=given.get("open", False),
    )  # fmt: skip
    page = paged(request, found)
    context = {
        "form": form, "page": page, "n_open": len(queries.open_cohorts(on=today)), "may_manage": can(request, "growth.manage"),
        "is_filtered": any(given.values()),
    }  # fmt: skip
    return render(request, "cpd/courses/catalogue.html", context)


@gate(permission="growth.read")
@require_GET
def course(request, code: str):
    """What is taught, and when next?"""
    found = _course(code)
    cohorts = list(queries.cohorts_of(found))
    taken = queries.taken_places(cohorts)
    context = {
        "course": found,
        "runs": [{"cohort": run, "taken": taken.get(run.pk, {})} for run in cohorts],
        "topics": [label for value, label in _choices("topics") if value in found.topics],
        "audiences": [label for value, label in _choices("audiences") if value in found.audiences],
        "taught_in": [label for value, label in _choices("languages") if value in found.languages],
        "today": timezone.localdate(),
        "may_change": may_here("growth.manage", found.org_lo, found.org_hi),
    }
    return render(request, "cpd/courses/course.html", context)


def _choices(name: str):
    return CourseForm.base_fields[name].choices


@gate(permission="growth.manage")
@require_http_methods(["GET", "POST"])
def edit_course(request, code: str = ""):
    found = _course(code) if code else None
    form = CourseForm(request.POST or None, instance=found)
    return _edited(request, form, services.save_course, code, "cpd:course", found)


@gate(permission="growth.read")
@require_GET
def providers(request):
    """Who teaches teachers here?"""
    context = {"rows": list(queries.providers()), "may_manage": can(request, "growth.manage")}
    return render(request, "cpd/courses/providers.html", context)


@gate(permission="growth.read")
@require_GET
def provider(request, code: str):
    found = queries.provider(code)
    if found is None:
        raise Http404
    context = {
        "provider": found,
        "courses": queries.courses(on=timezone.localdate(), also_former=True).filter(provider=found),
        "topics": [label for value, label in _choices("topics") if value in found.topics],
        "may_change": may_here("growth.manage", found.org_lo, found.org_hi),
    }
    return render(request, "cpd/courses/provider.html", context)


@gate(permission="growth.manage")
@require_http_methods(["GET", "POST"])
def edit_provider(request, code: str = ""):
    found = queries.provider(code) if code else None
    if code and found is None:
        raise Http404
    form = ProviderForm(request.POST or None, instance=found)
    return _edited(request, form, services.save_provider, code, "cpd:provider", found)


def _edited(request, form, service, code: str, back: str, found):
    """One way for every record with a code: a new one brings its code, a changed one keeps it."""
    if code:
        form.fields.pop("code")
    if request.method == "POST" and form.is_valid():
        try:
            made = service(
                code=code or form.cleaned_data["code"], facts=form.facts(), is_new=not code, by=request.user,
                now=timezone.now(),
            )  # fmt: skip
        except Refusal as refusal:
            tell(form, refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect(back, made.code)
    title = (
        local_name(found)
        if code and found
        else {"cpd:course": _("A new course"), "cpd:provider": _("A new provider")}[back]
    )
    return render(
        request, "cpd/form.html", {"form": form, "title": title, "draft": f"{back}-{code}"},
        status=422 if form.errors else 200,
    )  # fmt: skip


@gate(permission="growth.manage")
@require_http_methods(["GET", "POST"])
def open_cohort(request, code: str):
    """A new run of a course."""
    found = _course(code)
    form = CohortForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.open_cohort(course_code=code, facts=form.facts(), by=request.user, now=timezone.now())
        except Refusal as refusal:
            tell(form, refusal)
        else:
            messages.success(request, _("The cohort is open. Now add its sessions."))
            return redirect("cpd:cohort", made.code)
    title = _("A new run of “%(course)s”") % {"course": local_name(found)}
    return render(
        request,
        "cpd/form.html",
        {"form": form, "title": title, "draft": f"run-{code}"},
        status=422 if form.errors else 200,
    )


COLUMNS = (
    ("cohort", gettext_noop("Cohort")), ("course", gettext_noop("Course")), ("provider", gettext_noop("Provider")), ("first_day", gettext_noop("First day")),
    ("last_day", gettext_noop("Last day")), ("places", gettext_noop("Places")), ("enrolled", gettext_noop("Take part")), ("waiting", gettext_noop("Wait")),
    ("completed", gettext_noop("Completed")), ("state", gettext_noop("State")),
)  # fmt: skip


@gate(permission="growth.read")
@require_GET
def cohorts(request):
    """Which runs of courses are under way, which are to be closed?"""
    form = CohortFilter(request.GET or None)
    today = timezone.localdate()
    manages = can(request, "growth.manage")
    found = queries.cohorts(request.scope, state=asked(form).get("state", ""), on=today)
    if request.GET.get("mine"):
        found = queries.cohorts(request.scope, led_by=request.user.pk)
    if request.GET.get("download"):
        rows = list(found)
        taken = queries.taken_places(rows)
        return downloads.respond(
            "cohorts", request.GET["download"], _columns(), (_row(c, taken.get(c.pk, {})) for c in rows)
        )
    page = paged(request, found)
    taken = queries.taken_places(page)
    rows = [
        {"cohort": c, "taken": taken.get(c.pk, {}), "is_over": c.ends_on < today and c.state == "open"} for c in page
    ]
    context = {
        "form": form, "page": page, "rows": rows, "may_manage": manages,
        "to_close": queries.cohorts(request.scope, state="to_close", on=today).count(),
    }  # fmt: skip
    return render(request, "cpd/cohorts/list.html", context)


def _columns():
    return [(name, _(head)) for name, head in COLUMNS]


def _row(cohort, taken: dict) -> tuple:
    return (
        cohort.code, local_name(cohort.course), local_name(cohort.course.provider), cohort.starts_on.isoformat(),
        cohort.ends_on.isoformat(), cohort.places, taken.get("enrolled", 0), taken.get("waiting", 0), taken.get("completed", 0),
        cohort.get_state_display(),
    )  # fmt: skip


def _course(code: str):
    found = queries.course(code)
    if found is None:
        raise Http404
    return found

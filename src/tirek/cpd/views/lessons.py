"""The library of lessons and methods: looking, opening, offering, rating."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.cpd.forms.lessons import LessonForm, LibraryFilter, RatingForm, TextForm, UseForm, as_files
from tirek.cpd.queries import lessons as queries
from tirek.cpd.queries import people
from tirek.cpd.refusals import may_here
from tirek.cpd.services import lessons as services
from tirek.cpd.views.common import asked, attempt, can, keeps, paged, tell
from tirek.registry import downloads, words
from tirek.registry.queries import labels
from tirek.storage import sealed
from tirek_engines.errors import Refusal

COLUMNS = (
    ("number", gettext_noop("Number")), ("title", gettext_noop("Title")), ("kind", gettext_noop("Kind")),
    ("subject", gettext_noop("Subject")), ("grades", gettext_noop("Classes")), ("language", gettext_noop("Language")),
    ("authors", gettext_noop("Authors")), ("school", gettext_noop("Institution")), ("version", gettext_noop("Version")),
    ("published", gettext_noop("Published")), ("rating", gettext_noop("Rating")), ("ratings", gettext_noop("Ratings")),
    ("uses", gettext_noop("Used in class")),
)  # fmt: skip


@gate(permission="growth.read")
@require_GET
def library(request):
    """Which lesson can I take into my class?"""
    form = LibraryFilter(request.GET or None)
    given = asked(form)
    found = queries.lessons(
        text=given.get("q", ""),
        **{name: given.get(name, "") for name in ("subject", "grade", "language", "topic", "kind")},
    )
    today = timezone.localdate()
    if request.GET.get("download"):
        rows = list(found)
        names = labels.names_by_org_no([row.org_no for row in rows], on=today)
        columns = [(name, _(head)) for name, head in COLUMNS]
        return downloads.respond("lessons", request.GET["download"], columns, (_row(row, names) for row in rows))
    page = paged(request, found)
    names = labels.names_by_org_no([row.org_no for row in page], on=today)
    context = {
        "form": form, "page": page, "n": page.paginator.count, "may_offer": can(request, "growth.own"),
        "rows": [_shown(row, names) for row in page],
        "n_waiting": queries.submissions(request.scope).count() if can(request, "growth.manage") else 0,
        "may_review": can(request, "growth.manage"),
    }  # fmt: skip
    return render(request, "cpd/lessons/library.html", context)


def _shown(row, names: dict) -> dict:
    return {
        "lesson": row, "school": names.get(row.org_no, ""), "average": queries.average(row),
        "subject": words.subject(row.subject), "grades": classes(row.grades),
    }  # fmt: skip


def _row(row, names: dict) -> tuple:
    average = queries.average(row)
    return (
        row.code, row.title, row.get_kind_display(), words.subject(row.subject), classes(row.grades),
        row.get_language_display(), row.author_names, names.get(row.org_no, ""), row.edition,
        timezone.localdate(row.published_at).isoformat(), "" if average is None else round(average, 1), row.rating_n, row.use_n,
    )  # fmt: skip


def classes(grades) -> str:
    """2–4, 7: neighbours joined."""
    runs: list[list[int]] = []
    for grade in sorted(grades):
        if runs and grade == runs[-1][1] + 1:
            runs[-1][1] = grade
        else:
            runs.append([grade, grade])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in runs)


@gate(permission="growth.read")
@require_GET
def lesson(request, code: str):
    """What is it, is it good, how do I use it?"""
    found = _lesson(code)
    return _page(request, found, found, found.edition)


@gate(permission="growth.read")
@require_GET
def edition(request, code: str, number: int):
    """A version as it was published, however old."""
    found = _lesson(code)
    chosen = next((row for row in queries.editions(found) if row.number == number), None)
    if chosen is None:
        raise Http404
    return _page(request, found, chosen, number)


def _page(request, found, content, number: int, **bound):
    """The page of a version; ``bound`` are forms that were sent and refused, by their names in the page."""
    is_author = queries.is_author(found, request.user.person_id)
    may_manage = may_here("growth.manage", found.org_no, found.org_no)
    mine = queries.my_rating(found, request.user.pk)
    acts = can(request, "growth.own") and not found.withdrawn_at
    context = {
        "lesson": found, "content": content, "number": number, "is_latest": number == found.edition,
        "school": labels.names_by_org_no([found.org_no], on=timezone.localdate()).get(found.org_no, ""),
        "average": queries.average(found), "comments": queries.comments(found), "editions": queries.editions(found),
        "subject": words.subject(content.subject), "grades": classes(content.grades), "is_author": is_author,
        "topics": [dict(LibraryFilter.base_fields["topic"].choices).get(t, t) for t in content.topics],
        "opens": not found.withdrawn_at or may_manage, "may_withdraw": (is_author or may_manage) and not found.withdrawn_at,
        "rating": RatingForm(initial={"stars": mine.stars, "comment": mine.comment} if mine else None) if acts and not is_author else None,
        "rated": mine, "use": UseForm(initial={"on": timezone.localdate()}) if acts else None,
        "report": _report_form() if not found.withdrawn_at else None, "off": _off_form(), "may_manage": may_manage,
    }  # fmt: skip
    answers = {bound["answer"].problem_id: bound.pop("answer")} if "answer" in bound else {}
    reports = queries.problems(request.scope, of=found) if may_manage else queries.my_problems(found, request.user.pk)
    context["problems"] = [{"problem": row, "form": answers.get(row.pk) or _answer_form(row.pk)} for row in reports]
    return render(request, "cpd/lessons/lesson.html", context | bound, status=422 if bound or answers else 200)


def _report_form(data=None) -> TextForm:
    return TextForm(data, label=_("What is wrong?"), auto_id="report_%s")


def _off_form(data=None) -> TextForm:
    return TextForm(data, label=_("Why"), auto_id="off_%s")


def _answer_form(problem_id: int, data=None) -> TextForm:
    form = TextForm(data, label=_("Answer"), auto_id=f"answer_{problem_id}_%s")
    form.problem_id = problem_id
    return form


@gate(permission="growth.read")
@require_GET
def file(request, code: str, number: int, place: int):
    """A sealed file of a version; of a withdrawn lesson only for the office."""
    found = _lesson(code)
    if found.withdrawn_at and not may_here("growth.manage", found.org_no, found.org_no):
        raise Http404
    chosen = next((row for row in queries.editions(found) if row.number == number), None)
    return send_file(chosen.files if chosen else [], place)


def send_file(files: list[dict], place: int) -> HttpResponse:
    """Always as a download: nothing that somebody sent is shown inside our own pages."""
    opened = queries.file_of(files, place)
    if opened is None:
        raise Http404
    answer = HttpResponse(sealed.read(opened.sha256), content_type=opened.media_type)
    answer.headers["Content-Disposition"] = _attachment(opened.name)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _attachment(name: str) -> str:
    from django.utils.http import content_disposition_header

    return content_disposition_header(True, name) or "attachment"


@gate(permission="growth.own")
@require_http_methods(["GET", "POST"])
def offer(request, code: str = ""):
    """Offer a lesson, or a new version of one of the own."""
    before = _lesson(code) if code else None
    if before is not None and not queries.is_author(before, request.user.person_id):
        raise Http404
    form = _form(request, before, asks_changes=bool(before), colleagues=_colleagues(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = services.offer(
                facts=form.facts(), files=as_files(form.cleaned_data["files"]), lesson_code=code,
                coauthor_ids=form.cleaned_data.get("coauthors", []), by=request.user, now=timezone.now(),
            )  # fmt: skip
        except Refusal as refusal:
            tell(form, refusal)
        else:
            messages.success(
                request, _("Sent as %(code)s. The programme office will look at it.") % {"code": made.code}
            )
            return redirect("cpd:my_lessons")
    return _form_page(request, form, _("A new version") if code else _("Offer a lesson or a method"))


@gate(permission="growth.own")
@require_http_methods(["GET", "POST"])
def mend(request, code: str):
    """Send again what was returned."""
    found = queries.submission(code)
    if found is None or found.person_id != request.user.person_id or found.state != "returned":
        raise Http404
    form = _form(request, found, asks_changes=bool(found.lesson_id))
    if request.method == "POST" and form.is_valid():
        try:
            services.send_again(
                code=code, facts=form.facts(), files=as_files(form.cleaned_data["files"]), by=request.user,
                now=timezone.now(),
            )  # fmt: skip
        except Refusal as refusal:
            tell(form, refusal)
        else:
            messages.success(request, _("Sent again."))
            return redirect("cpd:my_lessons")
    return _form_page(request, form, found.title)


def _form(request, before, **kwargs) -> LessonForm:
    names = ("kind", "title", "subject", "language", "topics", "goals", "text")
    initial = {name: getattr(before, name) for name in names} if before else {"language": "kk"}
    if before:
        initial |= {"grades": [str(g) for g in before.grades], "changes": getattr(before, "changes", "")}
    return LessonForm(request.POST or None, request.FILES or None, initial=initial, **kwargs)


def _form_page(request, form, title: str):
    context = {"form": form, "title": title}
    return render(request, "cpd/lessons/offer.html", context, status=422 if form.errors else 200)


def _colleagues(request) -> list[tuple[int, str]]:
    return people.colleagues(request.user.person_id, timezone.localdate())


@gate(permission="growth.own")
@require_GET
def mine(request):
    """Where does what I offered stand?"""
    rows = queries.my_submissions(request.user.person_id) if request.user.person_id else []
    return render(request, "cpd/lessons/mine.html", {"rows": rows})


@gate(permission="growth.own")
@require_POST
def take_back(request, code: str):
    attempt(request, services.take_back, code=code, done=_("Taken back."))
    return redirect("cpd:my_lessons")


@gate(permission="growth.own")
@require_POST
def rate(request, code: str):
    found, form = _lesson(code), RatingForm(request.POST)
    if keeps(request, form, services.rate, code=code, done=_("Thank you, your rating is kept.")) is None:
        return _page(request, found, found, found.edition, rating=form)
    return redirect("cpd:lesson", code)


@gate(permission="growth.own")
@require_POST
def used(request, code: str):
    found, form = _lesson(code), UseForm(request.POST)
    if keeps(request, form, services.used, code=code, done=_("Counted.")) is None:
        return _page(request, found, found, found.edition, use=form)
    return redirect("cpd:lesson", code)


@gate(permission="growth.read")
@require_POST
def report(request, code: str):
    found, form = _lesson(code), _report_form(request.POST)
    done = _("Thank you. The programme office will answer here.")
    if keeps(request, form, services.report, code=code, done=done) is None:
        return _page(request, found, found, found.edition, report=form)
    return redirect("cpd:lesson", code)


@gate(permission="growth.read")
@require_POST
def withdraw(request, code: str):
    found, form = _lesson(code), _off_form(request.POST)
    if keeps(request, form, services.withdraw, code=code, done=_("Withdrawn.")) is None:
        return _page(request, found, found, found.edition, off=form)
    return redirect("cpd:lesson", code)


@gate(permission="growth.manage")
@require_POST
def answer(request, problem_id: int):
    reported = queries.problem(request.scope, problem_id)
    if reported is None:
        raise Http404
    found, form = reported.lesson, _answer_form(problem_id, request.POST)
    if keeps(request, form, services.answer, problem_id=problem_id, done=_("Answered.")) is None:
        return _page(request, found, found, found.edition, answer=form)
    return redirect("cpd:lesson", found.code)


@gate(permission="growth.manage")
@require_GET
def reviews(request):
    """Which lessons and reports wait for the office?"""
    page = paged(request, queries.submissions(request.scope))
    names = labels.names_by_org_no([row.org_no for row in page], on=timezone.localdate())
    context = {
        "page": page, "rows": [{"made": row, "school": names.get(row.org_no, "")} for row in page],
        "n": page.paginator.count, "problems": queries.problems(request.scope),
    }  # fmt: skip
    return render(request, "cpd/lessons/reviews.html", context)


@gate(permission="growth.manage")
@require_http_methods(["GET", "POST"])
def review(request, code: str):
    """Publish it, or say what is to be mended."""
    found = queries.submission(code)
    if found is None:
        raise Http404
    form = TextForm(label=_("What is to be mended?"))
    if request.method == "POST" and request.POST.get("act") == "publish":
        made = attempt(request, services.publish, code=code, done=_("Published."))
        return redirect("cpd:lesson", made.code) if made else redirect("cpd:lesson_review", code)
    if request.method == "POST":
        form = TextForm(request.POST, label=_("What is to be mended?"))
        if keeps(request, form, services.send_back, code=code, done=_("Returned.")) is not None:
            return redirect("cpd:lesson_reviews")
    context = {
        "made": found, "subject": words.subject(found.subject), "grades": classes(found.grades), "form": form,
        "school": labels.names_by_org_no([found.org_no], on=timezone.localdate()).get(found.org_no, ""),
    }  # fmt: skip
    return render(request, "cpd/lessons/review.html", context, status=422 if form.errors else 200)


@gate(permission="growth.read")
@require_GET
def offered_file(request, code: str, place: int):
    """A file of what is offered, as the asker's policies show the row."""
    found = queries.submission(code)
    if found is None:
        raise Http404
    return send_file(found.files, place)


def _lesson(code: str):
    found = queries.lesson(code)
    if found is None:
        raise Http404
    return found

"""Questionnaires: which there are, bringing one in, looking at a version, approving it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.storage import sealed
from tirek.surveys.forms.fields import field_of
from tirek.surveys.forms.fitness import languages_missing
from tirek.surveys.forms.interview import Interview
from tirek.surveys.forms.pages import asked_on, pages_of
from tirek.surveys.forms.reading import MOST_BYTES, FormRefused
from tirek.surveys.page_forms import BringForm
from tirek.surveys.queries import forms as queries
from tirek.surveys.services import forms as services
from tirek.surveys.views.words import fault_words
from tirek_engines.errors import Refusal

LANGUAGES = ("kk", "ru", "en")
NAMES = {"kk": "Қазақша", "ru": "Русский", "en": "English"}


@gate(permission="surveys.read")
@require_GET
def form_list(request: HttpRequest) -> HttpResponse:
    """Every questionnaire."""
    language = (get_language() or "kk")[:2]
    rows = [{"form": form, "title": queries.local_title(form, language)} for form in queries.forms()]
    return render(request, "surveys/forms/list.html", {"rows": rows, "may_manage": _may_manage(request)})


def _may_manage(request: HttpRequest) -> bool:
    return may(request.scope.role, "surveys.manage")


@gate(permission="surveys.manage")
@require_http_methods(["GET", "POST"])
def bring(request: HttpRequest) -> HttpResponse:
    """Take an XLSForm in; what is wrong with it is a table by sheet and row."""
    form = BringForm(request.POST or None, request.FILES or None)
    faults, status = (), 200
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data
        titles = services.Titles(sent["title_kk"], sent["title_ru"], sent["title_en"])
        try:
            if sent["file"].size > MOST_BYTES:
                raise Refusal(_("The file is larger than 5 MB."))
            version = services.bring_version(
                data=sent["file"].read(), name=sent["file"].name, titles=titles, by=request.user, now=timezone.now()
            )
        except FormRefused as refusal:
            faults, status = refusal.faults, 422
        except Refusal as refusal:
            form.add_error("title_kk" if refusal.code == "title_missing" else "file", refusal.message)
        else:
            messages.success(request, _("The questionnaire is read. Look at it in each language, then approve it."))
            return redirect("surveys:version", version.form.code, version.number)
    context = {"form": form, "faults": faults}
    return render(request, "surveys/forms/bring.html", context, status=422 if form.errors else status)


@gate(permission="surveys.read")
@require_GET
def form_page(request: HttpRequest, code: str) -> HttpResponse:
    """One questionnaire: its versions, its rounds."""
    form = queries.form(code)
    if form is None:
        raise Http404
    language = (get_language() or "kk")[:2]
    context = {
        "form": form,
        "title": queries.local_title(form, language),
        "versions": queries.versions_of(form),
        "may_manage": _may_manage(request),
    }
    return render(request, "surveys/forms/form.html", context)


def _version(code: str, number: int):
    found = queries.version(code, number)
    if found is None:
        raise Http404
    return found


@gate(permission="surveys.read")
@require_GET
def version_page(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """A version as people will see it, page by page, in any language; with what was noticed when it was read."""
    found = _version(code, number)
    definition = queries.definition(found)
    site = (get_language() or "kk")[:2]
    language = request.GET.get("in", site)
    known = [code_ for code_ in definition.languages if code_ in LANGUAGES]
    if language not in definition.languages:
        language = known[0] if known else (definition.languages[0] if definition.languages else "")
    interview = Interview(definition, {}, timezone.localtime(), language=language, fewest_rows=1)
    cut = pages_of(definition, interview)
    pages = [
        {"row": page.row, "rows": page.repeat is not None, "heading": interview.say(page.heading.label, language, page.heading.path) if page.heading else "",
         "fields": [(field_of(c, interview, language, {}, {}), bool(c.bind.relevant), interview.is_asked(c)) for c in page.controls]}
        for page in cut
    ]  # fmt: skip
    context = {
        "version": found,
        "title": queries.local_title(found.form, site),
        "pages": pages,
        "asked_first": sum(len(asked_on(page, interview)) for page in cut),
        "language": language,
        "tabs": [(NAMES.get(one, one), f"?in={one}", one == language) for one in definition.languages],
        "faults": [fault_words(fault) for fault in found.faults],
        "missing": languages_missing(definition, tuple(known))[:40],
        "scales": found.measures.get("scales", {}),
        "may_manage": _may_manage(request),
    }
    return render(request, "surveys/forms/version.html", context)


@gate(permission="surveys.manage")
@require_POST
def approve(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Say that the version may be used."""
    found = _version(code, number)
    try:
        services.approve_version(version_id=found.pk, by=request.user, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("Version %(n)s may be used now. It does not change any more.") % {"n": number})
    return redirect("surveys:version", code, number)


@gate(permission="surveys.read")
@require_GET
def download(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """The XLSForm as it was brought."""
    found = _version(code, number)
    ending = found.file_name.rpartition(".")[2].lower()
    response = HttpResponse(sealed.read(found.xlsform_sha256), content_type="application/octet-stream")
    response["Content-Disposition"] = (
        f'attachment; filename="{found.form.code}-{found.number}.{ending if ending in ("xlsx", "xls", "md") else "xlsx"}"'
    )
    return response

"""Answering without an account: a code or a poster's link, then page after page. Works without a script.

The code travels in a signed cookie of these pages alone; nothing in an address tells whose answers they are.
"""

from __future__ import annotations

from dataclasses import replace
from functools import wraps

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from tirek.access.addresses import client_address
from tirek.access.gates import gate
from tirek.access.limits import count, limited, passed
from tirek.storage.pictures import BadPhotograph, too_large
from tirek.storage.typed_codes import read_code, shown_code
from tirek.surveys.forms.fields import PREFIX, field_of
from tirek.surveys.forms.interview import Wrong
from tirek.surveys.forms.interview import typed as typed_answer
from tirek.surveys.forms.pages import Page, asked_on, next_page, page_before, pages_of
from tirek.surveys.queries.forms import local_title
from tirek.surveys.refusals import NotAnswerable
from tirek.surveys.services import answering, codes
from tirek.surveys.services.posters import look_at_poster
from tirek.surveys.views.answered import rows_of, summary_of

COOKIE = "questionnaire"
SALT = "tirek.surveys.answer"
DAYS = 90
WRONG_CODES, WRONG_SPAN = 60, 600
"""Wrong codes from one address in ten minutes: a whole school sits behind one address."""
MOST_PICTURES = 60
SITE_LANGUAGES = ("kk", "ru", "en")


def held_code(request: HttpRequest) -> str:
    """The code that this browser holds, or nothing."""
    return request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=DAYS * 86_400) or ""


def _hold(response: HttpResponse, code: str, request: HttpRequest) -> HttpResponse:
    response.set_signed_cookie(
        COOKIE, code, salt=SALT, max_age=DAYS * 86_400, path=reverse("surveys:enter"), httponly=True, samesite="Lax",
        secure=request.is_secure(),
    )  # fmt: skip
    return response


def _let_go(response: HttpResponse) -> HttpResponse:
    response.delete_cookie(COOKIE, path=reverse("surveys:enter"))
    return response


def answering_page(view):
    """A page of somebody who holds a code; what cannot go on is said on a page of its own."""

    @wraps(view)
    def shown(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        code = held_code(request)
        if not code:
            return redirect("surveys:enter")
        try:
            return view(request, code, *args, **kwargs)
        except NotAnswerable as refusal:
            return _refused(request, refusal)

    return never_cache(shown)


def _refused(request: HttpRequest, refusal: NotAnswerable) -> HttpResponse:
    response = render(request, "surveys/answer/refused.html", {"refusal": refusal}, status=refusal.http_status)
    return _let_go(response) if refusal.code in ("finished", "unknown_code", "closed") else response


@gate(public=True)
@never_cache
@require_http_methods(["GET", "POST"])
def enter(request: HttpRequest) -> HttpResponse:
    """Enter the code of a slip."""
    given = request.POST.get("code", "") if request.method == "POST" else request.GET.get("code", "")[:40]
    error, who = "", client_address(request) or ""
    if request.method == "POST":
        try:
            if passed("survey", who) >= WRONG_CODES:
                raise NotAnswerable(_("Too many wrong codes. Wait ten minutes."), code="too_often", http_status=429)
            answering.look_up(typed=given[:40], now=timezone.now())
        except NotAnswerable as refusal:
            if refusal.code == "unknown_code":
                count("survey", who, WRONG_SPAN)
            error, status = refusal.message, refusal.http_status
        else:
            return _hold(redirect("surveys:page"), read_code(given) or "", request)
    context = {"given": given, "error": error, "holds": bool(held_code(request))}
    return render(request, "surveys/answer/enter.html", context, status=status if error else 200)


@gate(public=True)
@limited("survey poster", times=240, seconds=600)
@never_cache
@require_http_methods(["GET", "POST"])
def poster(request: HttpRequest, key: str) -> HttpResponse:
    """What a poster's link opens: what is asked and how it is kept; beginning gives this device a code."""
    try:
        school = look_at_poster(key=key, now=timezone.now())
        code = held_code(request)
        if code:
            try:
                same = answering.look_up(typed=code, now=timezone.now())
            except NotAnswerable:
                same = None
            if same is not None and same.school_id == school.pk:
                return redirect("surveys:page")
        if request.method == "POST":
            return _hold(redirect("surveys:page"), codes.poster_code(key=key, now=timezone.now()), request)
    except NotAnswerable as refusal:
        return _refused(request, refusal)
    context = {"round": school.round, "title": local_title(school.round.form, (get_language() or "kk")[:2]), "key": key}
    return render(request, "surveys/answer/poster.html", context)


@gate(public=True)
@limited("survey page", times=3000, seconds=600)
@require_http_methods(["GET", "POST"])
@answering_page
def page(request: HttpRequest, code: str) -> HttpResponse:
    """One page of questions. Sending keeps the answers and goes on; going back or changing the language keeps them too."""
    sitting = _opened(code)
    if request.method == "POST":
        return _take(request, code, sitting)
    wanted = request.GET.get("page", "")
    number = int(wanted) if wanted.isdecimal() and len(wanted) < 5 else sitting.page
    if number >= len(sitting.pages):
        return redirect("surveys:check")
    if not asked_on(sitting.pages[number], sitting.interview):
        following = next_page(sitting.pages, sitting.interview, number)
        return redirect("surveys:check") if following is None else _to(following)
    return _show(request, code, sitting, number)


def _to(number: int) -> HttpResponse:
    return redirect(f"{reverse('surveys:page')}?page={number}")


def _speak(sitting: answering.Sitting) -> answering.Sitting:
    """The words around the questions are in the language of the questions."""
    if sitting.language in SITE_LANGUAGES:
        translation.activate(sitting.language)
    return sitting


def _opened(code: str) -> answering.Sitting:
    return _speak(answering.open_sitting(typed=code, language=_site_language(), now=timezone.now()))


def _site_language() -> str:
    return (get_language() or "kk")[:2]


def _take(request: HttpRequest, code: str, sitting: answering.Sitting) -> HttpResponse:
    sent = request.POST.get("page", "")
    number = int(sent) if sent.isdecimal() and len(sent) < 5 and int(sent) < len(sitting.pages) else 0
    act = request.POST.get("act", "next")
    if sitting.pages[number].repeat is not None and act.partition(":")[0] in ("add", "remove"):
        return _change_rows(request, code, sitting, number, act)
    language = act.partition(":")[2] if act.startswith("language:") else sitting.language
    page, before = (
        sitting.pages[number],
        {control.path for control in asked_on(sitting.pages[number], sitting.interview)},
    )
    offered = _offered(page, sitting)
    given, wrong = _given(request, code, sitting, number)
    sitting.interview.set(given)
    pages = pages_of(sitting.definition, sitting.interview)  # an answer may decide how many rows there are
    number = next((n for n, one in enumerate(pages) if _is_same(one, page)), min(number, len(pages) - 1))
    asked = [control for control in asked_on(pages[number], sitting.interview) if control.is_question]
    for c in asked:
        if c.path not in wrong and (fault := sitting.interview.wrong(c, language)) is not None:
            wrong[c.path] = fault
    sound = {path: value for path, value in given.items() if path not in wrong or wrong[path].code == "required"}
    is_new = any(control.path not in before for control in asked) or _has_new_choices(pages[number], sitting, offered)
    following = next_page(pages, sitting.interview, number)
    goes_on = act == "next" and not wrong and not is_new
    here = (len(pages) if following is None else following) if goes_on else number
    answering.save_page(typed=code, answers=sound, page=here, language=language, now=timezone.now())
    if act.startswith("language:"):
        return _in_language(redirect(f"{reverse('surveys:page')}?page={number}"), language)
    if act == "back":
        earlier = page_before(pages, sitting.interview, number)
        return _to(number if earlier is None else earlier)
    if act == "later":
        return redirect("surveys:later")
    if goes_on:
        return redirect("surveys:check") if following is None else _to(following)
    wrong = {path: fault for path, fault in wrong.items() if path in before}
    sitting = replace(sitting, pages=pages)
    return _show(request, code, sitting, number, wrong=wrong, given=given, is_new=is_new and not wrong)


def _offered(page: Page, sitting: answering.Sitting) -> dict[str, list[str]]:
    """What can be chosen on a page now."""
    asked = [control for control in asked_on(page, sitting.interview) if control.choices is not None]
    return {c.path: [choice.value for choice in sitting.interview.choices(c, sitting.language)] for c in asked}


def _has_new_choices(page: Page, sitting: answering.Sitting, before: dict[str, list[str]]) -> bool:
    """Whether an answer has changed what can be chosen in a question beside it that waits for an answer."""
    return any(
        choices and choices != before.get(path, choices) and not sitting.interview.answer(path)
        for path, choices in _offered(page, sitting).items()
    )


def _is_same(one: Page, other: Page) -> bool:
    """Whether two pages, cut at different times, ask the same."""
    return (one.repeat and one.repeat.path) == (other.repeat and other.repeat.path) and [
        c.path for c in one.controls
    ] == [c.path for c in other.controls]


def _change_rows(request, code: str, sitting: answering.Sitting, number: int, act: str) -> HttpResponse:
    repeat = sitting.pages[number].repeat.path
    if act == "add":
        shown = answering.add_row(typed=code, repeat=repeat, now=timezone.now())
        return _to(number if shown is None else shown)
    row = act.partition(":")[2]
    row = int(row) if row.isdecimal() and len(row) < 4 else 0
    shown = answering.take_row_away(typed=code, repeat=repeat, number=row, now=timezone.now())
    return _to(number if shown is None else shown)


def _given(request: HttpRequest, code: str, sitting: answering.Sitting, number: int):
    """What was sent about the questions of the page, and what is wrong with the pictures among it."""
    found: dict[str, str] = {}
    wrong: dict[str, Wrong] = {}
    for control in asked_on(sitting.pages[number], sitting.interview):
        if not control.is_question:
            continue
        name = PREFIX + control.path
        if control.kind == "upload":
            try:
                found |= _picture(request, code, control.path, name)
            except BadPhotograph as refusal:
                wrong[control.path] = Wrong("picture", refusal.message)
        elif name in request.POST or f"{name}:shown" in request.POST:
            found[control.path] = typed_answer(control, request.POST.getlist(name), sitting.interview.now)
    return found, wrong


def _picture(request: HttpRequest, code: str, path: str, name: str) -> dict[str, str]:
    """A new picture, none instead of the old one, or nothing changed."""
    file = request.FILES.get(name)
    if file is None:
        return {path: ""} if request.POST.get(f"{name}:remove") else {}
    too_large(file.size, file.name[:80])
    if count("survey picture", code, 3600) > MOST_PICTURES:
        raise BadPhotograph(_("So many pictures are not taken within an hour. Go on later."), code="too_often")
    return {path: answering.keep_picture(file.read(), file.name[:80])}


def _in_language(response: HttpResponse, language: str) -> HttpResponse:
    """The words around the questions follow, where the site has the language."""
    if language in SITE_LANGUAGES:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=365 * 86_400,
            samesite="Lax",
            secure=settings.LANGUAGE_COOKIE_SECURE,
        )
    return response


NAMES = {"kk": "Қазақша", "ru": "Русский", "en": "English"}


def _languages(sitting: answering.Sitting) -> list[tuple[str, str]]:
    known = [code for code in sitting.definition.languages if code in SITE_LANGUAGES]
    return [(code, NAMES[code]) for code in known] if len(known) > 1 else []


def _show(request, code, sitting, number, wrong=None, given=None, is_new=False) -> HttpResponse:
    interview, language = sitting.interview, sitting.language
    shown = sitting.pages[number]
    asked = [] if shown.repeat else asked_on(shown, interview)
    fields = [field_of(c, interview, language, wrong or {}, given or {}) for c in asked]
    answerable = [n for n, one in enumerate(sitting.pages) if asked_on(one, interview)]
    context = {
        "sitting": sitting,
        "title": local_title(sitting.round.form, language if language in SITE_LANGUAGES else _site_language()),
        "heading": interview.say(shown.heading.label, language, shown.heading.path) if shown.heading else "",
        "row": shown.row,
        "rows": rows_of(sitting, shown.repeat) if shown.repeat else None,
        "may_add": shown.repeat is not None and interview.rows.may_grow(shown.repeat.path, interview.nodes),
        "has_files": any(field.look == "picture" for field in fields),
        "fields": fields,
        "errors": [field for field in fields if field.error],
        "number": number,
        "step": answerable.index(number) + 1 if number in answerable else 1,
        "steps": len(answerable),
        "first": page_before(sitting.pages, interview, number) is None,
        "languages": _languages(sitting),
        "code": shown_code(code),
        "is_new": is_new,
    }
    return render(request, "surveys/answer/page.html", context, status=422 if context["errors"] else 200)


@gate(public=True)
@limited("survey page", times=3000, seconds=600)
@require_GET
@answering_page
def picture(request: HttpRequest, code: str, name: str) -> HttpResponse:
    """A picture of the answers under way, for whoever gave it."""
    data = answering.own_picture(typed=code, name=name, now=timezone.now())
    if data is None:
        raise Http404
    return HttpResponse(data, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


@gate(public=True)
@require_http_methods(["GET", "POST"])
@answering_page
def check(request: HttpRequest, code: str) -> HttpResponse:
    """All answers once more; sending them ends it."""
    sitting = _opened(code)
    wrong = answering.first_wrong(sitting)
    if request.method == "POST":
        if wrong is not None:
            return _to(wrong)
        answering.finish(typed=code, now=timezone.now())
        return _let_go(redirect("surveys:done"))
    context = {
        "sitting": sitting,
        "rows": summary_of(sitting),
        "wrong": wrong,
        "languages": _languages(sitting),
        "code": shown_code(code),
    }
    return render(request, "surveys/answer/check.html", context)


@gate(public=True)
@never_cache
@require_GET
def done(request: HttpRequest) -> HttpResponse:
    """Thanks, and what happens to the answers."""
    return render(request, "surveys/answer/done.html")


@gate(public=True)
@never_cache
@require_http_methods(["GET", "POST"])
def later(request: HttpRequest) -> HttpResponse:
    """How to go on later; on a borrowed device the code can be taken out of the browser."""
    code = held_code(request)
    if request.method == "POST":
        return _let_go(redirect("surveys:enter"))
    return render(request, "surveys/answer/later.html", {"code": shown_code(code) if code else ""})

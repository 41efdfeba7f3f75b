"""Answering without an account: a code or a poster's link, then page after page. Works without a script.

The code travels in a signed cookie of these pages alone; nothing in an address tells whose answers they are.
"""

from __future__ import annotations

from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
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
from tirek.storage.typed_codes import read_code, shown_code
from tirek.surveys.forms.fields import PREFIX, field_of
from tirek.surveys.forms.interview import typed as typed_answer
from tirek.surveys.forms.pages import asked_on, next_page, page_before
from tirek.surveys.queries.forms import local_title
from tirek.surveys.refusals import NotAnswerable
from tirek.surveys.services import answering, codes
from tirek.surveys.services.posters import look_at_poster

COOKIE = "questionnaire"
SALT = "tirek.surveys.answer"
DAYS = 90
WRONG_CODES, WRONG_SPAN = 60, 600
"""Wrong codes from one address in ten minutes: a whole school sits behind one address."""
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
    number = int(sent) if sent.isdecimal() and int(sent) < len(sitting.pages) else 0
    act = request.POST.get("act", "next")
    language = act.partition(":")[2] if act.startswith("language:") else sitting.language
    before = {control.path for control in asked_on(sitting.pages[number], sitting.interview)}
    given = _given(request, sitting, number)
    sitting.interview.set(given)
    asked = [control for control in asked_on(sitting.pages[number], sitting.interview) if control.is_question]
    wrong = {c.path: fault for c in asked if (fault := sitting.interview.wrong(c, language)) is not None}
    sound = {path: value for path, value in given.items() if path not in wrong or wrong[path].code == "required"}
    is_new = any(control.path not in before for control in asked)
    following = next_page(sitting.pages, sitting.interview, number)
    goes_on = act == "next" and not wrong and not is_new
    here = (len(sitting.pages) if following is None else following) if goes_on else number
    answering.save_page(typed=code, answers=sound, page=here, language=language, now=timezone.now())
    if act.startswith("language:"):
        return _in_language(redirect(f"{reverse('surveys:page')}?page={number}"), language)
    if act == "back":
        earlier = page_before(sitting.pages, sitting.interview, number)
        return _to(number if earlier is None else earlier)
    if act == "later":
        return redirect("surveys:later")
    if goes_on:
        return redirect("surveys:check") if following is None else _to(following)
    wrong = {path: fault for path, fault in wrong.items() if path in before}
    return _show(request, code, sitting, number, wrong=wrong, given=given, is_new=is_new and not wrong)


def _given(request: HttpRequest, sitting: answering.Sitting, number: int) -> dict[str, str]:
    found = {}
    for control in asked_on(sitting.pages[number], sitting.interview):
        if control.is_question:
            name = PREFIX + control.path
            if name in request.POST or f"{name}:shown" in request.POST:
                found[control.path] = typed_answer(control, request.POST.getlist(name))
    return found


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
    fields = [field_of(c, interview, language, wrong or {}, given or {}) for c in asked_on(shown, interview)]
    answerable = [n for n, one in enumerate(sitting.pages) if asked_on(one, interview)]
    context = {
        "sitting": sitting,
        "title": local_title(sitting.round.form, language if language in SITE_LANGUAGES else _site_language()),
        "heading": interview.say(shown.heading.label, language) if shown.heading else "",
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
        "rows": _summary(sitting),
        "wrong": wrong,
        "languages": _languages(sitting),
        "code": shown_code(code),
    }
    return render(request, "surveys/answer/check.html", context)


def _summary(sitting: answering.Sitting) -> list[dict]:
    interview, language = sitting.interview, sitting.language
    rows = []
    for number, one in enumerate(sitting.pages):
        for control in asked_on(one, interview):
            if not control.is_question:
                continue
            value = interview.answer(control.path)
            labels = {choice.value: choice.label for choice in interview.choices(control, language)}
            said = ", ".join(labels.get(word, word) for word in value.split()) if labels else value
            rows.append({
                "label": interview.say(control.label, language, control.path) or control.name, "said": said, "page": number,
                "is_wrong": interview.wrong(control, language) is not None,
            })  # fmt: skip
    return rows


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

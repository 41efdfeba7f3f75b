"""Pages of the ledger: do the books add up, one account, one transaction, the seals."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.ledger import queries, services
from tirek.ledger.forms import AccountFilter, PeriodForm, ReasonForm
from tirek.ledger.money import tenge_plain
from tirek.ledger.templatetags.money import named_account
from tirek.ledger.words import say
from tirek.registry.downloads import respond
from tirek_engines.errors import Refusal

PAGE = 50


@gate(permission="ledger.read")
@require_GET
def accounts(request: HttpRequest) -> HttpResponse:
    """What does each account hold, and do they make zero together?"""
    today = timezone.localdate()
    form = AccountFilter(request.GET or None)
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    on = min(asked.get("on") or today, today)
    held = queries.trial_balance(request.scope, on=on, kind=asked.get("kind", ""), words=asked.get("words", ""))
    if "download" in request.GET:
        return _accounts_file(request, held, on)
    context = {
        "form": form if form.is_bound else AccountFilter(initial={"on": today}),
        "page": Paginator(held, PAGE).get_page(request.GET.get("page")),
        "total": sum(one.balance_tiyn for one in held), "holding": _holding(held), "on": on, "today": today,
        "seal": queries.last_seal(), "filtered": bool(asked.get("kind") or asked.get("words")),
    }  # fmt: skip
    return render(request, "ledger/accounts.html", context)


def _holding(held) -> int:
    """Money in all accounts that hold some: what the outside gave."""
    return sum(one.balance_tiyn for one in held if one.account.kind != "outside")


def _accounts_file(request: HttpRequest, held, on: dt.date) -> HttpResponse:
    columns = [
        ("code", _("Code")), ("kind", _("Kind")), ("name", _("Money account")), ("on", _("At the end of the day")),
        ("in_kzt", _("Came, tenge")), ("out_kzt", _("Went, tenge")), ("balance_kzt", _("Holds, tenge")),
    ]  # fmt: skip
    rows = [
        (
            h.account.code,
            h.account.kind,
            named_account(h.account),
            on,
            *map(tenge_plain, (h.in_tiyn, h.out_tiyn, h.balance_tiyn)),
        )
        for h in held
    ]
    return respond(f"accounts-{on}", request.GET["download"], columns, rows)


@gate(permission="ledger.read")
@require_GET
def account(request: HttpRequest, code: str) -> HttpResponse:
    """What came to this account, what went from it, and what it held after each."""
    found = queries.account(code)
    if found is None:
        raise Http404
    form = PeriodForm(request.GET or None)
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    since, until = asked.get("since"), asked.get("until")
    if "download" in request.GET:
        return _statement_file(request, found, since, until)
    shown = queries.statement(found, since=since, until=until, before=_before(request), limit=PAGE)
    context = {
        "account": found, "statement": shown, "form": form, "since": since, "until": until,
        "holds": queries.balance(code), "older": "{}.{}".format(*shown.older) if shown.older else "",
        "on_page_two": "before" in request.GET,
    }  # fmt: skip
    return render(request, "ledger/account.html", context)


def _before(request: HttpRequest) -> tuple[dt.date, int] | None:
    """Where the page begins: a day and a posting's number, or the newest when that is not readable."""
    day, _dot, number = request.GET.get("before", "").partition(".")
    try:
        return (dt.date.fromisoformat(day), int(number)) if number.isdecimal() and len(number) < 19 else None
    except ValueError:
        return None


def _statement_file(request: HttpRequest, found, since, until) -> HttpResponse:
    columns = [
        ("transaction", _("Transaction")), ("booked_on", _("Day")), ("why", _("Why")), ("other", _("From or to")),
        ("amount_kzt", _("Amount, tenge")), ("balance_kzt", _("Holds after it, tenge")),
    ]  # fmt: skip
    rows = [
        (
            row.transaction.number, row.booked_on, say(row.transaction.code, row.transaction.parameters),
            row.other.code if row.other else "", tenge_plain(row.amount_tiyn), tenge_plain(row.balance_tiyn),
        )
        for row in queries.statement_rows(found, since=since, until=until)
    ]  # fmt: skip
    name = "".join(sign if sign.isalnum() else "-" for sign in found.code)
    return respond(f"statement-{name}", request.GET["download"], columns, rows)


@gate(permission="ledger.read")
@require_GET
def transaction(request: HttpRequest, number: str) -> HttpResponse:
    """Why did this money move, from where to where, and who posted it?"""
    return _show(request, number, ReasonForm())


@gate(permission="ledger.post")
@require_POST
def reverse(request: HttpRequest, number: str) -> HttpResponse:
    """Swap its postings in a new transaction, with a reason."""
    shown = queries.transaction_of(number)
    if shown is None or shown.link:
        raise Http404
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _show(request, number, form, 422)
    try:
        made = services.reverse(number=number, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        return _show(request, number, form, 409)
    messages.success(request, _("Reversed by %(number)s.") % {"number": made.number})
    return redirect("ledger:transaction", made.number)


def _show(request: HttpRequest, number: str, form: ReasonForm, status: int = 200) -> HttpResponse:
    shown = queries.transaction_of(number)
    if shown is None:
        raise Http404
    can = may(request.scope.role, "ledger.post") and not (shown.link or shown.reverses or shown.reversed_by)
    return render(request, "ledger/transaction.html", {"shown": shown, "form": form, "may_reverse": can}, status=status)


@gate(permission="ledger.read")
@require_GET
def seals(request: HttpRequest) -> HttpResponse:
    """Up to where is the ledger sealed, and under which digest?"""
    return render(
        request, "ledger/seals.html", {"page": Paginator(queries.seals(), PAGE).get_page(request.GET.get("page"))}
    )

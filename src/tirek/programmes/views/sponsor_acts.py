"""Forms of sponsors' money: one page an act, with what it is about beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tirek.access.gates import gate
from tirek.programmes.forms import sponsors as forms
from tirek.programmes.queries import programmes as programme_queries
from tirek.programmes.queries import sponsors as queries
from tirek.programmes.queries.sponsors import acts as about
from tirek.programmes.services import sponsors as services
from tirek.programmes.views.shared import act, file_of
from tirek.registry.queries import labels
from tirek.registry.queries.territories import local_name


@dataclass(frozen=True)
class Act:
    """What is done to which kind of row. ``given`` maps fields of the form to the service's arguments."""

    title: str
    button: str
    form: type
    of: str
    service: Callable
    argument: str
    given: dict[str, str]
    fixed: dict[str, object]


def _act(title, button, form, of, service, argument, fields: str = "", **fixed) -> Act:
    given = {
        name: {"amount": "amount_tiyn", "school": "org_no", "work": "work_id"}.get(name, name)
        for name in fields.split()
    }
    return Act(title, button, form, of, service, argument, given, fixed)


ACTS = {
    "receive": _act(gettext_lazy("Enter money that came"), gettext_lazy("Enter"), forms.ReceiveForm, "pledge", services.receive, "pledge_id", "amount received_on reference"),
    "remind": _act(gettext_lazy("Remind the sponsor of this pledge"), gettext_lazy("Send the letter"), forms.PlainForm, "pledge", services.remind_of_pledge, "pledge_id"),
    "take-back": _act(gettext_lazy("Take a wrong entry back"), gettext_lazy("Take back"), forms.ReasonForm, "tranche", services.reverse_tranche, "tranche_id", "reason"),
    "pledge": _act(gettext_lazy("Add a tranche to the agreement"), gettext_lazy("Add"), forms.PledgeForm, "agreement", services.add_pledge, "agreement_id", "amount due_date"),
    "earmark": _act(gettext_lazy("Say what the money is for"), gettext_lazy("Earmark"), forms.EarmarkForm, "agreement", services.earmark, "agreement_id", "school title amount room_purpose need_code"),
    "return": _act(gettext_lazy("Return unspent money"), gettext_lazy("Return"), forms.ReturnForm, "agreement", services.return_unspent, "agreement_id", "amount returned_on reference reason"),
    "show": _act(gettext_lazy("Show everybody what became of the money"), gettext_lazy("Show"), forms.PlainForm, "agreement", services.set_public, "agreement_id", is_public=True),
    "hide": _act(gettext_lazy("Stop showing it to everybody"), gettext_lazy("Hide"), forms.PlainForm, "agreement", services.set_public, "agreement_id", is_public=False),
    "order": _act(gettext_lazy("Order from a supplier"), gettext_lazy("Order"), forms.OrderForm, "earmark", services.commit, "earmark_id", "work supplier_bin supplier_name contract amount"),
    "move": _act(gettext_lazy("Give the money to another school"), gettext_lazy("Move"), forms.MoveForm, "earmark", services.move_earmark, "earmark_id", "school act reason is_merger"),
    "close": _act(gettext_lazy("Close the earmark and free the rest"), gettext_lazy("Close"), forms.ReasonForm, "earmark", services.close_earmark, "earmark_id", "reason"),
    "pay": _act(gettext_lazy("Pay the supplier"), gettext_lazy("Pay"), forms.PayForm, "commitment", services.pay, "commitment_id", "amount paid_on reference"),
    "release": _act(gettext_lazy("End the order"), gettext_lazy("End it"), forms.ReasonForm, "commitment", services.release, "commitment_id", "reason"),
    "unpay": _act(gettext_lazy("Take a payment back"), gettext_lazy("Take back"), forms.ReasonForm, "payment", services.reverse_payment, "payment_id", "reason"),
}  # fmt: skip


@gate(permission="sponsors.manage")
@require_http_methods(["GET", "POST"])
def act_on(request: HttpRequest, code: str, act: str, pk: int) -> HttpResponse:
    """One act on one row of this sponsor."""
    sponsor, chosen = _sponsor_or_404(code), ACTS.get(act)
    subject = about.subject(sponsor, chosen.of, pk) if chosen else None
    if chosen is None or subject is None:
        raise Http404
    form = _form(request, chosen, subject)
    if request.method == "POST" and form.is_valid() and _done(request, chosen, form, pk):
        return redirect("programmes:sponsor", code)
    context = {"sponsor": sponsor, "name": local_name(sponsor), "act": chosen, "form": form, "facts": subject.facts}
    return render(request, "programmes/sponsors/act.html", context, status=422 if form.errors else 200)


def _form(request: HttpRequest, chosen: Act, subject):
    more: dict = {}
    if "school" in chosen.form.base_fields:
        more["schools"] = labels.choices(request.scope, on=timezone.localdate())
    if "work" in chosen.form.base_fields:
        more["works"] = subject.works
    if request.method == "POST":
        return chosen.form(request.POST, **more)
    return chosen.form(initial=subject.initial | {"received_on": timezone.localdate()}, **more)


def _done(request: HttpRequest, chosen: Act, form, pk: int) -> bool:
    given = {argument: form.cleaned_data[field] for field, argument in chosen.given.items()}
    for name in ("org_no", "work_id"):
        if name in given:
            given[name] = int(given[name])
    if chosen.service is services.remind_of_pledge:
        given["base_address"] = request.build_absolute_uri("/").rstrip("/")
    done = _("It is done: %(what)s.") % {"what": str(chosen.title)}
    return bool(act(request, chosen.service, form, done, **given, **chosen.fixed, **{chosen.argument: pk}))


def _sponsor_or_404(code: str):
    found = queries.sponsor(code)
    if found is None:
        raise Http404
    return found


@gate(permission="sponsors.manage")
@require_http_methods(["GET", "POST"])
def enter(request: HttpRequest) -> HttpResponse:
    """A new sponsor."""
    form = forms.SponsorForm(request.POST or None)
    org = about.range_of(request.scope)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        made = act(
            request, services.enter_sponsor, form, code=data["code"], bin=data["bin"], names=form.names(), org=org,
            contact=data["contact"], email=data["email"],
        )  # fmt: skip
        if made:
            messages.success(request, _("The sponsor is entered. Now enter the agreement."))
            return redirect("programmes:sponsor_agree", made.code)
    return render(request, "programmes/sponsors/enter.html", {"form": form}, status=422 if form.errors else 200)


@gate(permission="sponsors.manage")
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, code: str) -> HttpResponse:
    """Names and contact of a sponsor."""
    sponsor = _sponsor_or_404(code)
    names = ("name_kk", "name_ru", "name_en", "contact", "email")
    form = forms.SponsorForm(request.POST or None, initial={name: getattr(sponsor, name) for name in names})
    for field in ("bin", "code"):
        del form.fields[field]
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if act(
            request, services.change_sponsor, form, _("Saved."), sponsor_id=sponsor.pk, names=form.names(),
            contact=data["contact"], email=data["email"],
        ):  # fmt: skip
            return redirect("programmes:sponsor", code)
    context = {"form": form, "sponsor": sponsor, "name": local_name(sponsor)}
    return render(request, "programmes/sponsors/enter.html", context, status=422 if form.errors else 200)


@gate(permission="sponsors.manage")
@require_http_methods(["GET", "POST"])
def agree(request: HttpRequest, code: str) -> HttpResponse:
    """A new agreement of a sponsor."""
    sponsor = _sponsor_or_404(code)
    found = [p for p in programme_queries.listed(request.scope) if request.scope.covers(p.org_lo)]
    choices = [(p.slug, local_name(p)) for p in found]
    form = forms.AgreementForm(request.POST or None, request.FILES or None, programmes=choices)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        made = act(
            request, services.enter_agreement, form, _("The agreement is entered. Now add its tranches."),
            sponsor_id=sponsor.pk, programme=next(p for p in found if p.slug == data["programme"]),
            number=data["number"], signed_on=data["signed_on"], period=(data["starts_on"], data["ends_on"]),
            amount_tiyn=data["amount"], purpose=data["purpose"], is_public=data["is_public"], paper=file_of(data["paper"]),
        )  # fmt: skip
        if made:
            return redirect("programmes:sponsor_act", code, "pledge", made.pk)
    context = {"form": form, "sponsor": sponsor, "name": local_name(sponsor), "is_agreement": True}
    return render(request, "programmes/sponsors/enter.html", context, status=422 if form.errors else 200)


@gate(permission="sponsors.manage")
@require_http_methods(["GET", "POST"])
def users(request: HttpRequest, code: str) -> HttpResponse:
    """Who of the sponsor sees its money."""
    sponsor = _sponsor_or_404(code)
    form = forms.UserForm(request.POST or None)
    if request.method == "POST" and "remove" in request.POST:
        pk = request.POST["remove"]
        if pk.isdecimal() and len(pk) < 19:
            act(request, services.remove_user, None, _("Removed."), sponsor_id=sponsor.pk, user_id=int(pk))
        return redirect("programmes:sponsor_users", code)
    if request.method == "POST" and form.is_valid():
        user_id = about.user_named(form.cleaned_data["username"])
        if user_id is None:
            form.add_error("username", _("There is no user of this name. Ask an administrator to invite one."))
        elif act(request, services.add_user, form, _("Added."), sponsor_id=sponsor.pk, user_id=user_id):
            return redirect("programmes:sponsor_users", code)
    context = {"form": form, "sponsor": sponsor, "name": local_name(sponsor), "people": queries.users_of(sponsor)}
    return render(request, "programmes/sponsors/users.html", context, status=422 if form.errors else 200)

"""Opening, closing and splitting institutions: first what would happen, then doing it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from tirek.access.gates import gate
from tirek.access.services.reads import record_many_read
from tirek.registry import splitting
from tirek.registry.forms_places import Closing, Opening, Splitting
from tirek.registry.queries import territories
from tirek.registry.services import institutions, succession
from tirek.registry.views_changes import one_institution, own_frame, tried


@gate(permission="registry.change")
def open_institution(request: HttpRequest) -> HttpResponse:
    """A new institution, in a territory that lies whole in the asker's scope."""
    places = [(t.pk, territories.local_name(t)) for t in territories.whole_in(request.scope, on=timezone.localdate())]
    form = Opening(request.POST or None, territories=places)
    if form.is_bound and form.is_valid() and (made := tried(request, form, lambda: _save_opening(request, form))):
        messages.success(request, _("The institution is opened. Record its buildings and rooms next."))
        return redirect("registry:institution", code=made.code)
    return render(request, "registry/open_institution.html", {"form": form, "places": places})


def _save_opening(request: HttpRequest, form: Opening):
    return institutions.open_institution(**form.values(), by=request.scope, now=timezone.now())


@gate(permission="registry.change")
def close_institution(request: HttpRequest, code: str) -> HttpResponse:
    """The institution closes for good; nobody may learn or work in it any more."""
    context = own_frame(request, code)
    form = Closing(request.POST or None)
    if form.is_bound and form.is_valid():
        on, pk = form.cleaned_data["on"], context["institution"].pk
        if "confirm" not in request.POST:
            context["preview"] = tried(request, form, lambda: institutions.check_closing(
                institution_id=pk, on=on, by=request.scope, now=timezone.now()))  # fmt: skip
        elif tried(request, form, lambda: institutions.close_institution(
                institution_id=pk, on=on, by=request.scope, now=timezone.now())):  # fmt: skip
            messages.success(request, _("The closing is saved. The history stays."))
            return redirect("registry:institution", code=code)
    return render(request, "registry/close_institution.html", context | {"form": form, "steps": _steps(context)})


@gate(permission="registry.change")
@never_cache
def split(request: HttpRequest, code: str) -> HttpResponse:
    """Some classes and members of staff go on in another institution; the rest stays."""
    context = own_frame(request, code)
    chosen = splitting.choice(request, context["institution"].pk, context["state"].org_no, context["on"])
    record_many_read(request, rows=len(chosen.page), query="split: staff")
    context["choice"] = chosen
    if request.htmx:
        return render(request, "registry/split_choice.html", context)
    is_sent = "go" in request.POST or "confirm" in request.POST
    form = (
        Splitting(request.POST, is_empty=not (chosen.chosen_classes or chosen.staff)) if is_sent else _unsent(request)
    )
    if is_sent and form.is_valid() and (target := one_institution(request, form)):
        if "confirm" not in request.POST:
            context |= {"preview": chosen, "target_name": territories.local_name(target)}
        elif tried(request, form, lambda: _save_split(request, context, target, form)):
            messages.success(request, _("The institution is split."))
            return redirect("registry:institution", code=target.institution.code)
    return render(request, "registry/split.html", context | {"form": form, "steps": _steps(context)})


def _unsent(request: HttpRequest) -> Splitting:
    """What was typed so far, not yet judged."""
    return Splitting(initial={name: value for name, value in request.POST.items() if value})


def _save_split(request: HttpRequest, context: dict, target, form: Splitting):
    known, chosen = form.cleaned_data, context["choice"]
    return succession.split(
        before_id=context["institution"].pk, after_id=target.institution_id,
        class_group_ids=[row.pk for row in chosen.chosen_classes], staff_ids=list(chosen.staff), on=known["on"],
        act=known["act"], by=request.scope, now=timezone.now(),
    )  # fmt: skip


def _steps(context: dict) -> list[tuple[str, str]]:
    seen = bool(context.get("preview"))
    return [(_("Which and when"), "done" if seen else "now"), (_("Look and confirm"), "now" if seen else "later")]

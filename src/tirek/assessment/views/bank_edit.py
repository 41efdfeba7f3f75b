"""Write an item: a new one, or the next version of one that is there."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tirek.access.gates import gate
from tirek.access.services.reads import record_many_read
from tirek.assessment.bank.facts import facts_of
from tirek.assessment.forms.bank import ItemForm, initial_of
from tirek.assessment.pages import bank as pages
from tirek.assessment.queries import bank as queries
from tirek.assessment.services.bank import BadItem, create_item, revise_item
from tirek_engines.errors import Refusal


@gate(permission="assessment.manage")
@require_http_methods(["GET", "POST"])
def new_item(request: HttpRequest) -> HttpResponse:
    """A new item, or a copy of one under another code."""
    form = ItemForm(request.POST or None, request.FILES or None)
    form.fields["why"].widget = form.fields["why"].hidden_widget()  # there is no earlier wording
    if request.method == "POST" and form.is_valid():
        try:
            made = create_item(facts=form.facts(), version=form.version(), by=request.user.pk, now=timezone.now())
        except Refusal as refusal:
            _tell(form, refusal)
        else:
            messages.success(request, _("The item is in the bank. Make it ready for tests when it is complete."))
            return redirect("assessment:bank_item", pk=made.pk)
    return render(request, "assessment/bank/edit.html", {"form": form, "trail": pages.trail(), "item": None})


@gate(permission="assessment.manage")
@require_http_methods(["GET", "POST"])
def edit_item(request: HttpRequest, pk: int) -> HttpResponse:
    """The latest wording to be changed: what differs becomes the next version."""
    item = pages.item_or_404(request, pk)
    if not pages.may_change(request, item):
        raise Http404
    latest = queries.versions_of(item)[0]
    facts = facts_of(latest)
    is_used = bool(queries.uses_of(item))
    form = ItemForm(
        request.POST or None, request.FILES or None, initial=initial_of(item, facts), pictures=facts.pictures,
        is_used=is_used,
    )  # fmt: skip
    if request.method == "GET":
        record_many_read(request, rows=1, query=f"key of the bank's item {item.code}, to change it")
    if request.method == "POST" and form.is_valid():
        try:
            after = revise_item(
                item_id=item.pk, facts=form.facts(), version=form.version(), by=request.user.pk, now=timezone.now()
            )
        except Refusal as refusal:
            _tell(form, refusal)
        else:
            _say(request, after, latest)
            return redirect("assessment:bank_item", pk=item.pk)
    context = {"form": form, "trail": pages.trail(item), "item": item, "is_used": is_used}
    return render(request, "assessment/bank/edit.html", context)


def _say(request: HttpRequest, after, before) -> None:
    if after.number == before.number:
        messages.success(request, _("Saved. The wording is as it was, so there is no new version."))
    else:
        messages.success(request, _("Saved as version %(number)s.") % {"number": after.number})


def _tell(form: ItemForm, refusal: Refusal) -> None:
    """Each sentence beside its field."""
    if isinstance(refusal, BadItem):
        for field, sentence in refusal.amiss:
            form.add_error(field if field in form.fields else None, sentence)
    else:
        form.add_error(None, refusal.message)

"""Users and their roles, for administrators of their own territory."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tirek.access import queries_users as queries
from tirek.access.choosing import context_of
from tirek.access.forms import GrantForm, InviteForm, ReasonForm, UserFilter
from tirek.access.gates import gate
from tirek.access.services import accounts, grants
from tirek_engines.errors import Refusal

ROWS = 50
ACTIONS = {
    "deactivate": accounts.deactivate,
    "reactivate": accounts.reactivate,
    "reset-second-factor": accounts.reset_second_factor,
}


@gate(permission="users.manage")
def user_list(request: HttpRequest) -> HttpResponse:
    form = UserFilter(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    page = Paginator(queries.users(request.scope, asked), ROWS).get_page(request.GET.get("page"))
    queries.add_grants(page.object_list)
    return render(request, "access/users.html", {"form": form, "page": page})


@gate(permission="users.manage")
def user_page(request: HttpRequest, pk: int) -> HttpResponse:
    user = _user(request, pk)
    return render(request, "access/user.html", _about(request, user) | {"grant_form": GrantForm(scope=request.scope)})


@gate(permission="users.manage")
@require_GET
def place_list(request: HttpRequest) -> HttpResponse:
    """Places to choose from while a name is typed: a part of the forms that give roles."""
    asked = [request.GET.get(name, "")[:100] for name in ("kind", "place_find", "place_code")]
    return render(
        request, "access/place_list.html", {"widget": {"name": "place_code"}} | context_of(request.scope, *asked)
    )


@gate(permission="users.manage")
def invite(request: HttpRequest) -> HttpResponse:
    """Open an account; the link that sets its password is shown once, on the user's page."""
    form = InviteForm(request.POST or None, scope=request.scope)
    if form.is_valid():
        data = form.cleaned_data
        try:
            user = accounts.invite_user(
                by=request.scope,
                username=data["username"],
                full_name=data["full_name"],
                email=data["email"],
                language=data["language"],
                home=data["place"],
            )
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The account is open. Give it a role, then hand over the link."))
            return redirect("access:user", pk=user.pk)
    status = 422 if form.errors else 200
    return render(request, "access/invite.html", {"form": form}, status=status)


@gate(permission="users.manage")
@require_POST
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """A link that sets the password once; shown on this page and nowhere kept."""
    user = _user(request, pk)
    try:
        found = request.build_absolute_uri(accounts.invitation_link(by=request.scope, user=user))
    except Refusal as refusal:
        return _refused(request, user, refusal)
    response = render(
        request,
        "access/user.html",
        _about(request, user) | {"grant_form": GrantForm(scope=request.scope), "link": found},
    )
    response["Cache-Control"] = "no-store"
    return response


@gate(permission="users.manage")
@require_POST
def give(request: HttpRequest, pk: int) -> HttpResponse:
    user = _user(request, pk)
    form = GrantForm(request.POST, scope=request.scope)
    if form.is_valid():
        data = form.cleaned_data
        try:
            grants.give_grant(
                by=request.scope,
                user=user,
                role=data["role"],
                kind=data["kind"],
                place=data["place"],
                starts=data["starts"],
                ends=data["ends"],
                reason=data["reason"],
            )
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The role is given."))
            return redirect("access:user", pk=pk)
    context = _about(request, user) | {"grant_form": form, "is_giving": True}
    return render(request, "access/user.html", context, status=422 if form.is_bound else 200)


@gate(permission="users.manage")
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    grant = queries.grant(request.scope, pk)
    form = ReasonForm(request.POST)
    if grant is None:
        raise Http404
    if not form.is_valid():
        messages.error(request, _("Say why the role ends."))
        return redirect("access:user", pk=grant.user_id)
    try:
        grants.end_grant(by=request.scope, grant=grant, reason=form.cleaned_data["reason"])
    except Refusal as refusal:
        return _refused(request, grant.user, refusal)
    messages.success(request, _("The role has ended."))
    return redirect("access:user", pk=grant.user_id)


@gate(permission="users.manage")
@require_POST
def act(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Shut or open the account, or remove the second factor; always with a reason."""
    user = _user(request, pk)
    form = ReasonForm(request.POST)
    if action not in ACTIONS:
        raise Http404
    if not form.is_valid():
        messages.error(request, _("Say why: the reason is kept."))
        return redirect("access:user", pk=pk)
    try:
        ACTIONS[action](by=request.scope, user=user, reason=form.cleaned_data["reason"])
    except Refusal as refusal:
        return _refused(request, user, refusal)
    messages.success(request, _("Done. It is in the history below."))
    return redirect("access:user", pk=pk)


def _user(request: HttpRequest, pk: int):
    """A user of another territory is answered as one that does not exist."""
    user = queries.user(request.scope, pk)
    if user is None:
        raise Http404
    return user


def _about(request: HttpRequest, user) -> dict:
    return {"subject": user, "reason_form": ReasonForm(), **queries.about_user(request.scope, user)}


def _refused(request: HttpRequest, user, refusal: Refusal) -> HttpResponse:
    messages.error(request, str(refusal))
    context = _about(request, user) | {"grant_form": GrantForm(scope=request.scope)}
    return render(request, "access/user.html", context, status=refusal.http_status)

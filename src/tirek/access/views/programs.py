"""Programs that ask by themselves: registering, a new secret, the end."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tirek.access import queries_programs as queries
from tirek.access.forms import ProgramForm
from tirek.access.gates import gate
from tirek.access.services import programs
from tirek_engines.errors import Refusal


@gate(permission="users.manage")
def program_list(request: HttpRequest) -> HttpResponse:
    return render(request, "access/programs.html", {"programs": queries.programs(request.scope)})


@gate(permission="users.manage")
def register(request: HttpRequest) -> HttpResponse:
    form = ProgramForm(request.POST or None, scope=request.scope)
    if form.is_valid():
        data = form.cleaned_data
        try:
            machine, secret = programs.register_program(
                by=request.scope,
                name=data["name"],
                contact=data["contact"],
                role=data["role"],
                kind=data["kind"],
                place=data["place"],
                ends=data["ends"],
                reason=data["reason"],
            )
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            return _with_secret(request, machine, secret)
    return render(request, "access/register_program.html", {"form": form}, status=422 if form.errors else 200)


@gate(permission="users.manage")
@require_POST
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """A new secret; the old one and all tokens stop at once."""
    machine = _machine(request, pk)
    return _with_secret(request, machine, programs.rotate_secret(by=request.scope, machine=machine))


@gate(permission="users.manage")
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    programs.revoke_program(by=request.scope, machine=_machine(request, pk))
    messages.success(request, _("The program has no access any more."))
    return redirect("access:programs")


def _machine(request: HttpRequest, pk: int):
    machine = queries.program(request.scope, pk)
    if machine is None:
        raise Http404
    return machine


def _with_secret(request: HttpRequest, machine, secret: str) -> HttpResponse:
    context = {"programs": queries.programs(request.scope), "fresh": machine, "secret": secret}
    response = render(request, "access/programs.html", context)
    response["Cache-Control"] = "no-store"
    return response

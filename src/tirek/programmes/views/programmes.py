"""The list of programmes, a new one, one programme at a glance, templates."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.programmes import blueprints
from tirek.programmes.forms.programmes import ChangeProgrammeForm, NewProgrammeForm, StageForm, TemplateForm
from tirek.programmes.queries import board as boards
from tirek.programmes.queries import measures as measure_queries
from tirek.programmes.queries import needs as need_queries
from tirek.programmes.queries import programmes as queries
from tirek.programmes.services import programmes as services
from tirek.programmes.views.shared import act, districts, may_manage, page, programme_or_404, trail
from tirek.registry.queries import territories
from tirek.registry.queries.territories import local_name
from tirek_engines.errors import Refusal


@gate(permission="programmes.read")
@require_GET
def programmes(request: HttpRequest) -> HttpResponse:
    """Which programmes are there, and how far each is?"""
    today = timezone.localdate()
    rows = [
        {"programme": p, "name": local_name(p), "progress": measure_queries.progress(p, on=today)}
        for p in queries.listed(request.scope)
    ]
    own = queries.of_institution(request.scope.lo) if request.scope.lo == request.scope.hi is not None else []
    return render(request, "programmes/list.html", {"rows": rows, "own": own, "may_make": _may_make(request)})


def _may_make(request: HttpRequest) -> bool:
    return (may(request.scope.role, "programmes.manage") and request.scope.lo != request.scope.hi) or (
        request.scope.is_country and may(request.scope.role, "programmes.manage")
    )


@gate(permission="programmes.manage")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A programme from a template."""
    known = _blueprints(request)
    home = territories.of_scope(request.scope)
    today = timezone.localdate()
    places = [home, *territories.districts(home, on=today)] if home and home.level != "country" else [
        *territories.regions(on=today)
    ]  # fmt: skip
    parents = [(str(p.pk), local_name(p)) for p in queries.programmes() if not p.is_sister]
    form = NewProgrammeForm(
        request.POST or None,
        templates=[(key, local_name(_Names(b.names))) for key, b in known.items()],
        territories=[(t.code, local_name(t)) for t in places if t is not None],
        parents=parents,
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        parent = next((p for p in queries.programmes() if str(p.pk) == data["parent"]), None)
        made = act(
            request, services.make_programme, form, blueprint=known[data["template"]], slug=data["slug"], names=form.names(),
            territory=territories.by_code(data["territory"]), starts_on=data["starts_on"], ends_on=data["ends_on"],
            office=data["office"], places=data["places"], parent=parent,
        )  # fmt: skip
        if made:
            return redirect("programmes:programme", made.slug)
    context = {"form": form, "trail": trail(), "shipped": known}
    return render(request, "programmes/new.html", context, status=422 if form.errors else 200)


class _Names:
    def __init__(self, names) -> None:
        self.name_kk, self.name_ru, self.name_en = names["kk"], names["ru"], names["en"]


def _blueprints(request: HttpRequest) -> dict[str, blueprints.Blueprint]:
    """Templates by a key: the shipped ones, and those of the asker's office."""
    found = {f"shipped:{b.code}": b for b in blueprints.shipped()}
    return found | {f"own:{t.pk}": services.blueprint_of(t) for t in queries.own_templates(request.scope)}


@gate(permission="programmes.read")
@require_GET
def programme(request: HttpRequest, slug: str) -> HttpResponse:
    """How does the programme stand? One's own school first, for those of a school."""
    found = programme_or_404(slug)
    today, scope = timezone.localdate(), request.scope
    if scope.lo is not None and scope.lo == scope.hi:
        own = queries.participation_of(found, scope.lo)
        state = queries.states_of([scope.lo], on=today).get(scope.lo) if own else None
        if own is not None and state is not None:
            return redirect("programmes:school", slug, state.institution.code)
    board = boards.board(found, scope, on=today) if found.places else None
    context = page(
        request, found, "programme", board=board, progress=measure_queries.progress(found, on=today),
        needs=need_queries.counts(scope, found), stages=_stages(board) if board else [], districts=districts(request, found),
        selections=queries.selections(found), states=queries.STATES,
    )  # fmt: skip
    return render(request, "programmes/programme.html", context)


def _stages(board: boards.Board) -> list[dict]:
    """Stages with how many schools are in each; the widest bar is the fullest stage."""
    most = max([*board.of_stage.values(), 1])
    return [
        {"stage": s, "name": local_name(s), "n": board.of_stage.get(s.pk, 0), "most": most,
         "stuck": sum(r.is_stuck and r.stage == s for r in board.rows)}
        for s in board.stages
    ]  # fmt: skip


@gate(permission="programmes.manage")
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, slug: str) -> HttpResponse:
    """Names, office, last day; and the stages' planned times."""
    found = programme_or_404(slug)
    if not may_manage(request, found):
        raise Http404
    initial = {name: getattr(found, name) for name in ("name_kk", "name_ru", "name_en", "office", "ends_on")}
    form = ChangeProgrammeForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if act(request, services.change_programme, form, programme_id=found.pk, names=form.names(), office=data["office"],
               ends_on=data["ends_on"], done=_("The programme is changed.")):  # fmt: skip
            return redirect("programmes:programme", slug)
    context = page(request, found, "programme", form=form, stages=queries.stages(found))
    return render(request, "programmes/change.html", context, status=422 if form.errors else 200)


@gate(permission="programmes.manage")
@require_http_methods(["GET", "POST"])
def stage(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """A stage's name and planned time."""
    found = programme_or_404(slug)
    one = next((s for s in queries.stages(found) if s.code == code), None)
    if one is None or not may_manage(request, found):
        raise Http404
    form = StageForm(
        request.POST or None, initial={n: getattr(one, n) for n in ("name_kk", "name_ru", "name_en", "days")}
    )
    if request.method == "POST" and form.is_valid():
        changed = act(
            request, services.change_stage, form, programme_id=found.pk, code=code, names=form.names(),
            days=form.cleaned_data["days"], done=_("The stage is changed."),
        )  # fmt: skip
        if changed:
            return redirect("programmes:change", slug)
    context = page(request, found, "programme", form=form, stage=one, stage_name=local_name(one))
    return render(request, "programmes/stage.html", context, status=422 if form.errors else 200)


@gate(permission="programmes.manage")
@require_POST
def state(request: HttpRequest, slug: str) -> HttpResponse:
    """Begin it, go over to support, close it."""
    found = programme_or_404(slug)
    act(
        request,
        services.set_state,
        programme_id=found.pk,
        state=request.POST.get("state", ""),
        done=_("The state is changed."),
    )
    return redirect("programmes:programme", slug)


@gate(permission="programmes.manage")
@require_GET
def templates(request: HttpRequest) -> HttpResponse:
    """The templates that come with Tirek, and the office's own."""
    shipped_ones = [{"blueprint": b, "name": local_name(_Names(b.names))} for b in blueprints.shipped()]
    own = [{"template": t, "name": local_name(t)} for t in queries.own_templates(request.scope)]
    return render(request, "programmes/templates.html", {"shipped": shipped_ones, "own": own, "trail": trail()})


@gate(permission="programmes.manage")
@require_http_methods(["GET", "POST"])
def shipped(request: HttpRequest, code: str) -> HttpResponse:
    """A shipped template: read it, or keep a changed copy as one's own."""
    text = blueprints.shipped_text(code)
    if text is None:
        raise Http404
    return _edit(request, text, f"shipped:{code}")


@gate(permission="programmes.manage")
@require_http_methods(["GET", "POST"])
def template(request: HttpRequest, template_id: int) -> HttpResponse:
    """One's own template; saving makes the next version."""
    import yaml

    found = queries.template(template_id)
    if found is None:
        raise Http404
    return _edit(request, yaml.safe_dump(found.body, allow_unicode=True, sort_keys=False, width=110), str(found))


def _edit(request: HttpRequest, text: str, copied_from: str) -> HttpResponse:
    form = TemplateForm(request.POST or None, initial={"text": text})
    if request.method == "POST" and form.is_valid():
        try:
            made = services.save_template(
                text=form.cleaned_data["text"], copied_from=copied_from, by=request.user, now=timezone.now()
            )
        except Refusal as refusal:
            for fault in refusal.fields.get("faults") or [refusal.message]:
                form.add_error("text", fault)
        else:
            messages.success(request, _("The template is kept as version %(version)s.") % {"version": made.version})
            return redirect("programmes:templates")
    context = {"form": form, "trail": [*trail(), (_("Templates"), reverse("programmes:templates"))]}
    return render(request, "programmes/template.html", context, status=422 if form.errors else 200)

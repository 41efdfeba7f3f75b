"""Results of a closed round: scales, questions, open answers, and files of them."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.access.services.reads import record_many_read
from tirek.registry import downloads
from tirek.surveys.queries import forms as form_queries
from tirek.surveys.queries import results as queries
from tirek.surveys.queries.anonymous import anonymous_answers
from tirek.surveys.queries.texts import picture_of, pictures_of, texts_of
from tirek.surveys.views.rounds import may_manage, seen_or_404
from tirek.surveys.views.shown import chart_of_scales, questions_shown, scales_shown

ROWS = 50


def _language() -> str:
    return (get_language() or "kk")[:2]


def _published(request: HttpRequest, code: str):
    found = seen_or_404(request, code)
    return found if found.result_number else None


@gate(permission="surveys.read")
@require_GET
def results(request: HttpRequest, code: str) -> HttpResponse:
    """What was answered, by group, beside the district and everybody."""
    found = seen_or_404(request, code)
    language = _language()
    title = form_queries.local_title(found.form, language)
    if not found.result_number:
        context = {"round": found, "title": title, "may_manage": may_manage(request, found)}
        return render(request, "surveys/results/not_yet.html", context)
    tables = queries.tables_of(found)
    groups = queries.groups_of(found, request.scope)
    group = _chosen(request, groups)
    if form := request.GET.get("download"):
        return _download(request, found, tables, form, language)
    outcome = next(o for o in tables.outcomes if (o["subject_kind"], o["subject"]) == (group.kind, group.code))
    items = queries.labelled(queries.items_of(found), language)
    beside = _beside(groups, group, tables)
    scales = scales_shown(found, tables, [group, *beside], language)
    context = {
        "round": found,
        "title": title,
        "group": group,
        "groups": groups,
        "outcome": outcome,
        "is_shown": outcome["result"]["shown"],
        "minimum": tables.decision.summary.get("minimum", 5),
        "scales": scales,
        "chart": chart_of_scales(scales, title) if scales else None,
        "questions": questions_shown(tables, items, group, beside, is_whole=_is_whole(tables, group, outcome)),
        "by_class": found.sampling == "classes",
        "decision": tables.decision,
        "versions": sorted({number for item in items.values() for number in item["versions"]}),
        "may_texts": may(request.scope.role, "surveys.texts"),
        "may_manage": may_manage(request, found),
        "hidden": sum(1 for o in tables.outcomes if o["subject_kind"] == "school" and not o["result"]["shown"] and request.scope.covers(o["org_no"])),
    }  # fmt: skip
    return render(request, "surveys/results/results.html", context)


def _is_whole(tables, group, outcome: dict) -> bool:
    """Whether everybody of the group has answered."""
    here = set(_schools(tables, group))
    persons = tables.frame.filter(tables.frame["org_no"].is_in(here))["frame"].sum()
    return (outcome["numbers"].get("finished") or 0) >= persons


def _chosen(request: HttpRequest, groups):
    """The group asked for; a school's people begin with their school."""
    wanted = request.GET.get("group", "")
    schools = [group for group in groups if group.kind == queries.SCHOOL]
    start = schools[0] if len(schools) == 1 else groups[0]
    if not wanted:
        return start
    found = next((group for group in groups if group.value == wanted), None)
    if found is None:
        raise Http404
    return found


def _beside(groups, group, tables) -> list:
    """What a group is compared with: a school with its district and all, a district with all."""
    everybody = groups[0]
    if group.kind == queries.SCHOOL:
        rows = tables.frame.filter(tables.frame["school"] == group.code)
        district = next((g for g in groups if g.kind == queries.DISTRICT and g.code == rows["district"][0]), None)
        alone = tables.frame.filter(tables.frame["district"] == rows["district"][0]).height == 1
        return [g for g in (None if alone else district, everybody) if g is not None]
    return [everybody] if group.kind == queries.DISTRICT else []


def _download(request, found, tables, form: str, language: str) -> HttpResponse:
    """Everything that the asker may see, a row a number."""
    items = queries.labelled(queries.items_of(found), language)
    rows = [
        (r["group_kind"], r["group"], r["item"], items.get(r["item"], {}).get("label", ""), r["choice"],
         items.get(r["item"], {}).get("choices", {}).get(r["choice"], ""), r["n"], r["value"], r["plain"], r["error"], r["effective"])
        for r in queries.visible(tables.questions, tables.frame, request.scope).iter_rows(named=True)
    ]  # fmt: skip
    rows += [
        (
            r["group_kind"],
            r["group"],
            f"scale:{r['scale']}",
            "",
            "",
            "",
            r["n"],
            r["mean"],
            r["plain"],
            r["error"],
            r["effective"],
        )
        for r in queries.visible(tables.scales, tables.frame, request.scope).iter_rows(named=True)
    ]
    columns = [
        ("group_kind", _("Kind of group")), ("group", _("Group")), ("item", _("Question")), ("label", _("Wording")),
        ("choice", _("Answer")), ("choice_label", _("Wording of the answer")), ("n", _("Answers")),
        ("value", _("Weighted share or mean")), ("plain", _("Unweighted")), ("error", _("Standard error")),
        ("effective", _("Effective number of answers")),
    ]  # fmt: skip
    return downloads.respond(f"{found.code}-results", form, columns, rows)


@gate(permission="surveys.texts")
@require_GET
def texts(request: HttpRequest, code: str) -> HttpResponse:
    """Open answers of a published round, searched by words; names and numbers are covered."""
    found = _published(request, code)
    if found is None:
        raise Http404
    tables = queries.tables_of(found)
    groups = _readable(request, found, tables)
    wanted = request.GET.get("group", "")
    group = next((g for g in groups if g.value == wanted), groups[0] if groups else None)
    language, words = _language(), request.GET.get("q", "")[:100]
    questions = queries.items_of(found, {"text"})
    item = request.GET.get("item", "")
    rows = []
    if group is not None:
        rows = texts_of(
            found,
            request.scope,
            _schools(tables, group),
            item=item if any(q.control.path == item for q in questions) else "",
            words=words,
        )
        record_many_read(request, rows=len(rows), query=f"open answers of {found.code}, {group.value}")
    labels = {q.control.path: q.control.label.say(language) or q.name for q in questions}
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context = {
        "round": found,
        "title": form_queries.local_title(found.form, language),
        "groups": groups,
        "group": group,
        "questions": list(labels.items()),
        "item": item,
        "words": words,
        "page": page,
        "rows": [(labels.get(row.item, row.item), row.text) for row in page],
        "pictures": pictures_of(found, _schools(tables, group)) if group is not None and not words else [],
    }
    return render(request, "surveys/results/texts.html", context)


@gate(permission="surveys.texts")
@require_GET
def picture(request: HttpRequest, code: str, sha256: str) -> HttpResponse:
    """One picture of the open answers, to whoever may read the group it belongs to."""
    found = _published(request, code)
    if found is None:
        raise Http404
    tables = queries.tables_of(found)
    mine = {no for group in _readable(request, found, tables) for no in _schools(tables, group)}
    data = picture_of(found, sorted(mine), sha256)
    if data is None:
        raise Http404
    return HttpResponse(data, content_type="image/jpeg", headers={"X-Content-Type-Options": "nosniff"})


def _readable(request: HttpRequest, found, tables) -> list:
    """Groups whose open answers may be read: shown in the results, and wholly within the asker's territory.

    A part of a larger group could be a school whose results are hidden.
    """
    return [
        group
        for group in queries.groups_of(found, request.scope)
        if _is_shown(tables, group) and all(request.scope.covers(no) for no in _schools(tables, group))
    ]


def _is_shown(tables, group) -> bool:
    return any(
        o["result"]["shown"] for o in tables.outcomes if (o["subject_kind"], o["subject"]) == (group.kind, group.code)
    )


def _schools(tables, group) -> list[int]:
    frame = tables.frame
    if group.kind == queries.SCHOOL:
        frame = frame.filter(frame["school"] == group.code)
    elif group.kind == queries.DISTRICT:
        frame = frame.filter(frame["district"] == group.code)
    return frame["org_no"].to_list()


@gate(permission="surveys.manage")
@require_GET
def answers(request: HttpRequest, code: str) -> HttpResponse:
    """Single answers without marks of persons, for whoever manages the whole round. Small schools stand without a name."""
    found = _published(request, code)
    if found is None:
        raise Http404
    if not may_manage(request, found):
        raise PermissionDenied
    form = request.GET.get("download", "csv")
    columns, rows = anonymous_answers(found)
    record_many_read(request, rows=len(rows), query=f"anonymous answers of {found.code}", export=True)
    return downloads.respond(f"{found.code}-answers", form, columns, rows)

"""Templates of programmes as files: reading, checking, and saying what is wrong with a text that an office has changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import gettext as _

from tirek.access.roles import Role
from tirek_engines.errors import Refusal

FOLDER = Path(__file__).parent / "shipped"
LANGUAGES = ("kk", "ru", "en")
CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
MOST_STAGES, MOST_DAYS, MOST_CHARACTERS = 30, 3650, 60_000


class BadTemplate(Refusal):
    """A text is no template; says every place and what is wanted there."""

    code = "bad_template"


@dataclass(frozen=True)
class Blueprint:
    """A template that was read and found whole. ``stages`` are as `tirek.programmes.models.Stage` keeps them."""

    code: str
    version: int
    names: Mapping[str, str]
    places: int
    stages: tuple[dict[str, Any], ...]
    indicators: tuple[str, ...]
    roles: tuple[str, ...]
    documents: tuple[dict[str, str], ...]
    body: Mapping[str, Any]


def shipped() -> list[Blueprint]:
    """The templates that come with Tirek, by their codes."""
    return [read(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yaml"))]


def shipped_text(code: str) -> str | None:
    path = FOLDER / f"{code}.yaml"
    return path.read_text(encoding="utf-8") if CODE.fullmatch(code) and path.is_file() else None


def read(text: str) -> Blueprint:
    """A template from YAML. Raises `BadTemplate` with every fault."""
    if len(text) > MOST_CHARACTERS:
        raise BadTemplate(_("The text is longer than any template. Shorten it."))
    try:
        body = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        where = getattr(error, "problem_mark", None)
        line = where.line + 1 if where else 1
        raise BadTemplate(
            _("Line %(line)s is not readable. Check indents and quotation marks.") % {"line": line}
        ) from None
    return from_body(body)


def from_body(body: Any) -> Blueprint:
    """A template from what was read or kept."""
    faults = list(_faults(body))
    if faults:
        raise BadTemplate(" ".join(faults), faults=faults)
    return Blueprint(
        code=body["code"],
        version=body.get("version", 1),
        names=body["name"],
        places=body.get("places", 0),
        stages=tuple(_stage(stage) for stage in body["stages"]),
        indicators=tuple(body.get("indicators", ())),
        roles=tuple(body.get("roles", ())),
        documents=tuple(body.get("documents", ())),
        body=body,
    )


def _stage(stage: Mapping[str, Any]) -> dict[str, Any]:
    names = {f"name_{language}": stage["name"][language] for language in LANGUAGES}
    requirements = [
        {"code": r["code"], "probe": r.get("probe", ""), "parameters": r.get("parameters", {})}
        | {f"name_{language}": r["name"][language] for language in LANGUAGES}
        for r in stage.get("requirements", ())
    ]
    after = bool(stage.get("after_project", False))
    return {
        "code": stage["code"],
        "days": stage["days"],
        "is_after_project": after,
        "requirements": requirements,
    } | names


def _faults(body: Any):
    if not isinstance(body, dict):
        yield _("The template must begin with “code:”, “name:” and “stages:”.")
        return
    yield from _name_faults(_("The template"), body)
    if not isinstance(body.get("places", 0), int) or not 0 <= body.get("places", 0) <= 10_000:
        yield _("“places” must be a whole number from 0 to 10,000.")
    unknown = [role for role in body.get("roles") or () if role not in Role.values]
    if unknown:
        yield _("There is no role %(role)s.") % {"role": unknown[0]}
    stages = body.get("stages")
    if not isinstance(stages, list) or not 1 <= len(stages) <= MOST_STAGES:
        yield _("“stages” must be a list of 1 to %(most)s stages.") % {"most": MOST_STAGES}
        return
    codes = [stage.get("code") if isinstance(stage, dict) else None for stage in stages]
    for place, stage in enumerate(stages, 1):
        yield from _stage_faults(place, stage, codes)


def _stage_faults(place: int, stage: Any, codes: list):
    from tirek.programmes.probes import register as probes

    where = _("Stage %(place)s") % {"place": place}
    if not isinstance(stage, dict):
        yield _("%(where)s must have “code”, “name”, “days” and “requirements”.") % {"where": where}
        return
    yield from _name_faults(where, stage)
    if codes.count(stage.get("code")) > 1:
        yield _("%(where)s: another stage has the code %(code)s too.") % {"where": where, "code": stage["code"]}
    days = stage.get("days")
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= MOST_DAYS:
        yield _("%(where)s: “days” must be a whole number from 1 to %(most)s.") % {"where": where, "most": MOST_DAYS}
    wanted = stage.get("requirements", [])
    if not isinstance(wanted, list):
        yield _("%(where)s: “requirements” must be a list.") % {"where": where}
        return
    for number, one in enumerate(wanted, 1):
        part = _("%(where)s, requirement %(number)s") % {"where": where, "number": number}
        if not isinstance(one, dict):
            yield _("%(where)s must have “code” and “name”.") % {"where": part}
            continue
        yield from _name_faults(part, one)
        if one.get("probe") and one["probe"] not in probes.codes():
            yield _("%(where)s: there is no probe %(probe)s. There are: %(known)s.") % {
                "where": part, "probe": one["probe"], "known": ", ".join(probes.codes()),
            }  # fmt: skip


def _name_faults(where: str, thing: Mapping[str, Any]):
    if not isinstance(thing.get("code"), str) or not CODE.fullmatch(thing["code"]):
        yield _("%(where)s: “code” must be small Latin letters, digits and “_”.") % {"where": where}
    names = thing.get("name") if isinstance(thing.get("name"), dict) else {}
    missing = [language for language in LANGUAGES if not str(names.get(language) or "").strip()]
    if missing:
        yield _("%(where)s: the name is missing in: %(languages)s.") % {"where": where, "languages": ", ".join(missing)}
    elif any(len(str(names[language])) > 200 for language in LANGUAGES):
        yield _("%(where)s: a name has more than 200 characters.") % {"where": where}

"""Can a form be answered in the browser, and does it ask for what identifies somebody? Said before it is used."""

from __future__ import annotations

from dataclasses import dataclass

from tirek.surveys.forms.definition import IDENTIFYING, Definition
from tirek.surveys.xpath import BadExpression, functions_in, parse
from tirek.surveys.xpath.functions import FUNCTIONS

ASKED = {"text", "integer", "decimal", "date", "time", "dateTime", "select1", "select", "trigger", "range"}
HELD = {"group", "note"}


@dataclass(frozen=True)
class Remark:
    """``code`` says what; ``name`` where."""

    code: str
    name: str
    what: str = ""


def browser_faults(definition: Definition) -> list[Remark]:
    """Why a form can be answered with ODK Collect only; empty when a browser will do."""
    found = [Remark("file", name) for name in definition.externals]
    for control in definition.walk():
        if control.kind == "repeat":
            found.append(Remark("repeat", control.name))
        elif control.kind not in ASKED | HELD:
            found.append(Remark("kind", control.name, control.kind))
    for path, text in expressions(definition):
        try:
            unknown = {name for name in functions_in(parse(text)) if name not in FUNCTIONS}
        except BadExpression:
            continue  # told as a fault of the form
        found += [Remark("function", path.rpartition("/")[2], name) for name in sorted(unknown)]
    return found


def expression_faults(definition: Definition) -> list[tuple[str, str, str]]:
    """Name of the question, column and words of each expression that cannot be read."""
    found = []
    for path, bind in definition.binds.items():
        for column in ("relevant", "constraint", "calculate", "required", "readonly"):
            text = getattr(bind, column)
            if not text:
                continue
            try:
                parse(text)
            except BadExpression as error:
                found.append((path.rpartition("/")[2], column, error.message))
    return found


def expressions(definition: Definition) -> list[tuple[str, str]]:
    """Path and text of every expression."""
    found = [
        (path, getattr(bind, name))
        for path, bind in definition.binds.items()
        for name in ("relevant", "constraint", "calculate", "required")
        if getattr(bind, name)
    ]
    return found + [(c.path, c.choices.nodeset) for c in definition.walk() if c.choices and c.choices.nodeset]


def identifying(definition: Definition) -> list[str]:
    """Questions that Collect fills in with what identifies the telephone or its owner."""
    return [
        path
        for path, bind in definition.binds.items()
        if bind.preload == "property" and bind.preload_params in IDENTIFYING
    ]


def languages_missing(definition: Definition, wanted: tuple[str, ...]) -> list[tuple[str, str]]:
    """Question and language of every label that lacks one of the languages the form has."""
    found = []
    for control in definition.walk():
        if control.label:
            found += [(control.name, code) for code in wanted if not control.label.has(code)]
    return found

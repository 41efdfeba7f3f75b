"""Can a form be answered in the browser, and does it ask for what identifies somebody? Said before it is used."""

from __future__ import annotations

from dataclasses import dataclass

from tirek.surveys.forms.definition import IDENTIFYING, Control, Definition
from tirek.surveys.xpath import BadExpression, functions_in, parse
from tirek.surveys.xpath.functions import FUNCTIONS

ASKED = {
    "text", "integer", "decimal", "date", "time", "dateTime", "select1", "select", "trigger", "range", "rank", "barcode",
}  # fmt: skip
HELD = {"group", "note", "repeat"}
TELEPHONES_OWN = {"signature", "draw", "annotate", "image-map", "bearing"}
"""Appearances that are another way to answer, which a page without a script has not."""
NOWHERE = {"file", "media", "entity"}
"""What Collect could not ask either: files of a form are not handed out, entities are not kept."""


@dataclass(frozen=True)
class Remark:
    """``code`` says what; ``name`` where."""

    code: str
    name: str
    what: str = ""


def browser_faults(definition: Definition) -> list[Remark]:
    """Why a form can be answered with ODK Collect only (or not at all: ``NOWHERE``); empty when a browser will do."""
    found = [_external(address) for address in definition.externals]
    found += [Remark("media", name, file) for name, file in definition.texts.media]
    found += [Remark("action", path.rpartition("/")[2], what) for path, what in definition.actions]
    if any(path.startswith("meta/entity") for path in definition.order):
        found.append(Remark("entity", "entities"))
    for control in definition.walk():
        found += _of_control(control)
    for path, text in expressions(definition):
        try:
            unknown = {name for name in functions_in(parse(text)) if name not in FUNCTIONS}
        except BadExpression:
            continue  # told as a fault of the form
        found += [Remark("function", path.rpartition("/")[2], name) for name in sorted(unknown)]
    return list(dict.fromkeys(found))


def _external(address: str) -> Remark:
    name = address.rpartition("/")[2]
    return Remark("last_saved", name) if "last-saved" in name else Remark("file", name)


def _of_control(control: Control) -> list[Remark]:
    looks = control.appearance.split()
    if control.appearance.startswith("search("):
        return [Remark("file", control.name, control.appearance)]
    own = next((look for look in looks if look in TELEPHONES_OWN or look.startswith("ex:")), "")
    if own:
        return [Remark("appearance", control.name, own)]
    is_picture = control.kind == "upload" and control.media.startswith("image/")
    if control.kind in ASKED | HELD or is_picture:
        return []
    return [Remark("kind", control.name, control.media.partition("/")[0] or control.kind)]


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
    found += [(c.path, c.count) for c in definition.walk() if c.count]
    found += [(one.path, one.value) for one in definition.settings]
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

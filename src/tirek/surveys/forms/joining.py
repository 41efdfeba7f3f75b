"""Questions of several versions side by side: those that kept name and type are one, others stand apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from tirek.surveys.forms.definition import Control, Definition
from tirek.surveys.forms.rows import plain_path

COUNTED = {"select1", "select", "integer", "decimal", "range"}
READ = {"text"}


@dataclass(frozen=True)
class Item:
    """A question as results know it.

    ``key`` is its name, or name@version where it means something else in another version; ``paths`` is where it stands
    by version. A question ``in_rows`` of a repeat has several answers of one person: choices count once for each person who
    chose them in any row; numbers are the person's mean over the rows.
    """

    key: str
    name: str
    kind: str
    paths: Mapping[int, str]
    choices: tuple[str, ...]
    limits: tuple[float, float] | None
    control: Control
    definition: Definition
    in_rows: bool = False

    @property
    def versions(self) -> tuple[int, ...]:
        return tuple(sorted(self.paths))


def joined(definitions: Mapping[int, Definition], kinds: Iterable[str] = COUNTED) -> list[Item]:
    """Items of some versions (by number), in the order of the newest; wordings and choices are the newest's, then the others'."""
    wanted = set(kinds)
    order: list[tuple[str, str, bool]] = []
    found: dict[tuple[str, str, bool], dict[int, Control]] = {}
    for number in sorted(definitions, reverse=True):
        names = _names(definitions[number])
        for control in definitions[number].questions():
            if control.kind in wanted:
                rows = _in_rows(definitions[number], control)
                key = (names[control.path], "select" if rows and control.choices else control.kind, rows)
                if key not in found:
                    order.append(key)
                found.setdefault(key, {})[number] = control
    kinds_of: dict[str, set[tuple[str, bool]]] = {}
    for name, kind, rows in order:
        kinds_of.setdefault(name, set()).add((kind, rows))
    return [
        _item(name, kind, found[name, kind, rows], definitions, len(kinds_of[name]) > 1, rows)
        for name, kind, rows in order
    ]


def _in_rows(definition: Definition, control: Control) -> bool:
    return any(control.path.startswith(f"{repeat}/") for repeat in definition.repeats)


def answer_of(item: Item, number: int, answers: Mapping[str, str]) -> str:
    """What one person answered to an item, given the version they had."""
    path = item.paths.get(number, "")
    if not item.in_rows or not path:
        return answers.get(path, "")
    said = [value for place, value in answers.items() if plain_path(place) == path]
    if item.kind == "select":
        return " ".join(dict.fromkeys(word for value in said for word in value.split()))
    return f"{fmean(float(value) for value in said):.9g}" if said else ""


def _names(definition: Definition) -> dict[str, str]:
    """A question's own name where it is the only one of it, else its whole path."""
    paths = [control.path for control in definition.questions()]
    last = [path.rpartition("/")[2] for path in paths]
    return {
        path: name if last.count(name) == 1 else path.replace("/", ".") for path, name in zip(paths, last, strict=True)
    }


def _item(name: str, kind: str, controls: Mapping[int, Control], definitions, apart: bool, rows: bool) -> Item:
    newest = max(controls)
    key = f"{name}@{newest}" if apart else name
    choices = tuple(
        dict.fromkeys(
            value
            for number in sorted(controls, reverse=True)
            for value in choice_values(definitions[number], controls[number])
        )
    )
    control = controls[newest]
    return Item(
        key, name, kind, {number: one.path for number, one in controls.items()}, choices, _limits(control, choices), control,
        definitions[newest], rows,
    )  # fmt: skip


def choice_values(definition: Definition, control: Control) -> list[str]:
    """Every choice that the question could offer, whatever its filter."""
    found = control.choices
    if found is None:
        return []
    if found.fixed:
        return [value for value, _text in found.fixed]
    rows = definition.lists.get(found.list_name)
    cells = [
        cell.value for row in (rows.children if rows else []) for cell in row.children if cell.name == found.value_ref
    ]
    return list(dict.fromkeys(cells))


def choice_label(item: Item, value: str, language: str) -> str:
    """What a choice says."""
    found = item.control.choices
    if found is None:
        return value
    for fixed, text in found.fixed:
        if fixed == value:
            return text.say(language)
    rows = item.definition.lists.get(found.list_name)
    for row in rows.children if rows else []:
        cells = {cell.name: cell.value for cell in row.children}
        if cells.get(found.value_ref) == value:
            label = cells.get(found.label_ref, "")
            return (item.definition.texts.text(label).say(language) if found.is_itext else label) or value
    return value


def _limits(control: Control, choices: Sequence[str]) -> tuple[float, float] | None:
    texts = list(control.limits[:2]) if control.limits else list(choices)
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return None
    return (min(numbers), max(numbers)) if numbers else None

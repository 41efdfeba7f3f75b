"""The register of kinds of decision. Apps add theirs in ``AppConfig.ready``; the page "where it is decided" is made from it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl

from tirek_engines.errors import BrokenContract, Refusal

BYTES = "bytes"
TOLERANCE = "tolerance"
_PLACEHOLDER = re.compile(r"%\((\w+)\)")
SOURCE_ROOT = Path(__file__).resolve().parents[2]  # src


class UnknownKind(Refusal):
    """No app has registered this kind of decision."""

    code = "unknown_kind"
    http_status = 404


@dataclass(frozen=True)
class Result:
    """What a run gives back.

    Parameters
    ----------
    outcomes
        A row a subject: ``subject`` (its code), ``org_no``, ``reason`` (a code of the kind) and, if there are any,
        ``subject_kind``, ``subject_id``, ``person_id``, ``result`` (struct) and ``numbers`` (struct).
    tables
        Further results, sealed beside the outcomes and compared by ``verify``: item parameters, cut-offs.
    summary
        A few plain numbers for the head of the page. No personal data.
    """

    outcomes: pl.DataFrame
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where a function is written: file below ``src`` and line."""

    name: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.name}"


@dataclass(frozen=True)
class Kind:
    """One kind of decision.

    Parameters
    ----------
    code
        Short stable name, ``app.noun``.
    title
        What is decided, translated lazily.
    rule
        Name of the rules: domain and file, ``assessment.publication``.
    clause
        Act and clause that the rule rests on, translated lazily.
    engine
        ``"module:function"`` of the pure function that decides: what the reader is shown.
    run
        ``"module:function"`` called with ``(inputs, parameters, rules)``, all read back from what was stored; returns a
        `Result`. It prepares arrays for the engine and names the outcomes; it reads nothing else.
    cases
        Folder of the cases, from the root of the project.
    reasons
        Reason code -> whole sentence with ``%(name)s`` for the subject's own numbers, translated lazily.
    numbers
        Name -> label of every number an outcome may carry. Others are refused, so that nothing of somebody else slips in.
    compare
        ``"bytes"``: integers and texts must be the same. ``"tolerance"``: floats may differ by ``tolerance``
        (relative, and absolute around zero).
    fresh
        ``"module:function"`` called with the parameters just before publishing: the inputs as they are now (or their
        digests). None: the inputs cannot move.
    subject_kind
        Kind of subject when an outcome names none.
    is_open
        Once published, its head (not its outcomes) is read by everybody.
    needs_publishing
        A person publishes it; else it is published as it is recorded.
    """

    code: str
    title: Any
    rule: str
    clause: Any
    engine: str
    run: str
    cases: str
    reasons: Mapping[str, Any]
    numbers: Mapping[str, Any] = field(default_factory=dict)
    compare: str = BYTES
    tolerance: float = 0.0
    fresh: str | None = None
    subject_kind: str = "person"
    is_open: bool = False
    needs_publishing: bool = True

    def engine_place(self) -> Place:
        return place_of(self.engine)

    def runner(self) -> Callable[..., Result]:
        return function(self.run)


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Add a kind; a second one of the same code, or a reason that mentions an unlabelled number, is our mistake."""
    if _kinds.get(kind.code, kind) != kind:
        raise BrokenContract("kind.code", kind.code, "a code that no other kind has")
    if kind.compare not in (BYTES, TOLERANCE):
        raise BrokenContract("kind.compare", kind.compare, "bytes or tolerance")
    if not kind.reasons:
        raise BrokenContract("kind.reasons", "none", "a text for every reason")
    _kinds[kind.code] = kind
    return kind


def unregister(code: str) -> None:
    """Take a kind out again: for tests that bring their own."""
    _kinds.pop(code, None)


def kind_of(code: str) -> Kind:
    try:
        return _kinds[code]
    except KeyError:
        raise UnknownKind(f"No part of this installation decides “{code}”.", kind=code) from None


def all_kinds() -> Iterator[Kind]:
    return iter(sorted(_kinds.values(), key=lambda kind: kind.code))


def function(path: str) -> Callable[..., Any]:
    """The function of ``"module:function"``."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def place_of(path: str) -> Place:
    """File and line of ``"module:function"``, found by looking at the function itself."""
    found = inspect.unwrap(function(path))
    found = getattr(found, "py_func", found)  # a compiled kernel
    file = Path(inspect.getsourcefile(found) or "")
    shown = file.relative_to(SOURCE_ROOT.parent) if file.is_relative_to(SOURCE_ROOT.parent) else Path(file.name)
    return Place(path.partition(":")[2], shown.as_posix(), inspect.getsourcelines(found)[1])


def placeholders(text: str) -> set[str]:
    """Names that a reason's sentence mentions."""
    return set(_PLACEHOLDER.findall(text))

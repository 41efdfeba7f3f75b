"""The register of probes. What lies above may add its own in ``AppConfig.ready``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tirek_engines.errors import BrokenContract


@dataclass(frozen=True)
class Asked:
    """What a probe is asked: which schools of which programme, on which day, with the requirement's own parameters."""

    programme_id: int
    org_nos: Sequence[int]
    on: dt.date
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Fact:
    """What the records show of one school: how many there are of how many wanted."""

    is_met: bool
    have: int | None = None
    wanted: int | None = None


@dataclass(frozen=True)
class Probe:
    """``words`` is a sentence with ``%(have)s`` and ``%(wanted)s``; ``measure`` gives a fact for each school it knows.

    A school without a fact is one that nothing is known of: a person may confirm the requirement with evidence.
    """

    code: str
    label: Any
    words: Any
    measure: Callable[[Asked], Mapping[int, Fact]]
    page: Callable[[Any], str] | None = None

    def say(self, fact: Fact) -> str:
        return str(self.words) % {"have": fact.have, "wanted": fact.wanted}


_probes: dict[str, Probe] = {}


def register(probe: Probe) -> None:
    if _probes.get(probe.code, probe) != probe:
        raise BrokenContract("probe.code", probe.code, "a code that no other probe has")
    _probes[probe.code] = probe


def unregister(code: str) -> None:
    """Take a probe out again: for tests that bring their own."""
    _probes.pop(code, None)


def probe_of(code: str) -> Probe | None:
    return _probes.get(code)


def codes() -> list[str]:
    return sorted(_probes)


def all_probes() -> Iterable[Probe]:
    return [_probes[code] for code in codes()]

"""Where each kind of decision is decided: made from the register of kinds, for the page and for the manual."""

from __future__ import annotations

from dataclasses import dataclass

from tirek.decisions.kinds import Kind, Place, all_kinds, place_of
from tirek.decisions.rules import place_of_rules


@dataclass(frozen=True)
class Where:
    """One kind, and where to look."""

    kind: Kind
    rule_file: str
    engine: Place
    run: Place

    @property
    def module(self) -> str:
        return self.kind.engine.partition(":")[0]

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """Reason codes and their sentences, with the name of each number in place of the number."""
        labels = {name: f"[{label}]" for name, label in self.kind.numbers.items()}
        return [(code, str(text) % _Named(labels)) for code, text in self.kind.reasons.items()]


class _Named(dict):
    def __missing__(self, name: str) -> str:
        return f"[{name}]"


def where_decided() -> list[Where]:
    """Every kind this installation decides, by code."""
    return [Where(k, place_of_rules(k.rule), k.engine_place(), place_of(k.run)) for k in all_kinds()]


def manual_page() -> str:
    """The manual's page. Lines of code move with every change, so the manual names functions and files only."""
    lines = [
        "# Where it is decided",
        "",
        "<!-- Made by `tirek rules where` from the register of kinds. Do not edit. -->",
        "",
        "Each kind of decision, the rule it follows, the function that decides, its cases and the reasons it can give.",
        "The page *Where it is decided* of an installation shows the same with the line of code, in three languages.",
        "",
    ]
    for where in where_decided():
        kind = where.kind
        lines += [f"## {kind.title}", "", f"`{kind.code}`. {kind.clause}", ""]
        lines += ["| what | where |", "|---|---|"]
        lines += [f"| rules | `{where.rule_file}` |", f"| function | `{where.module}.{where.engine.name}` |"]
        lines += [f"| prepared by | `{kind.run.replace(':', '.')}` |", f"| cases | `{kind.cases}` |", ""]
        lines += ["| reason | text |", "|---|---|"]
        lines += [f"| `{code}` | {text} |" for code, text in sorted(where.reasons)]
        lines += [""]
    return "\n".join(lines)

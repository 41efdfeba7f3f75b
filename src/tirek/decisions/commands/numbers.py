"""`tirek verify NUMBER` and `tirek explain NUMBER SUBJECT`. Whoever runs them has this machine's files and database anyway."""

from __future__ import annotations

from tirek.decisions.commands.acting import ready
from tirek_engines.errors import EXIT_BAD_INPUT, EXIT_DONE, EXIT_NOT_DECIDED

SHOWN = 20
Answer = tuple[list[str], int]


def verify_number(number: str) -> Answer:
    """Compute a recorded decision (D-…) again from its sealed inputs and compare; a figure's number (F-…) likewise."""
    ready()
    return _verified(number.strip().upper())


def verify_all() -> Answer:
    """Every published decision."""
    ready()
    from tirek.access.scope import loading
    from tirek.decisions import queries

    with loading():
        numbers = [found.number for found in queries.decisions().filter(state="published")]
    answers = [_verified(number) for number in numbers]
    lines = [line for found, _code in answers for line in found]
    bad = sum(code != EXIT_DONE for _found, code in answers)
    return [*lines, f"{len(numbers)} decisions verified, {bad} differ."], EXIT_NOT_DECIDED if bad else EXIT_DONE


def _verified(number: str) -> Answer:
    from django.utils import timezone

    from tirek.access.scope import loading
    from tirek.decisions import queries, services

    with loading():
        queries.decision(number)
        checked = services.verify(number, by="command line", now=timezone.now())
    if checked.agrees:
        return [f"{number}: agrees. The same inputs give the same outcomes."], EXIT_DONE
    broken = [d for d in checked.differences if d["what"] == "seal"]
    if broken:
        told = [f"  {d['where']}: {d['now']}" for d in broken]
        return [f"{number}: a sealed file is not what was sealed.", *told], EXIT_BAD_INPUT
    lines = [f"{number}: {checked.difference_count} differences."]
    lines += [
        f"  {d['what']}: {d['where']}: kept {d['kept'] or '–'}, now {d['now'] or '–'}"
        for d in checked.differences[:SHOWN]
    ]
    return lines, EXIT_NOT_DECIDED


def explain_number(number: str, subject: str) -> Answer:
    """Why a subject got what it got, in the three languages, with the rule and the line of code."""
    ready()
    from tirek.access.scope import loading
    from tirek.decisions import queries

    with loading():
        why = queries.explain(number, subject)
    lines = [f"{why.number} · {why.kind.title} · {why.state} · {why.made_at:%Y-%m-%d}", ""]
    lines += [f"{language}: {text}" for language, text in why.texts.items()]
    lines += ["", *(f"  {label}: {value}" for label, value in why.labelled_numbers)]
    lines += [f"  {name}: {value}" for name, value in why.result.items()]
    lines += [
        "",
        f"Clause: {why.kind.clause}",
        f"Rule: {why.rule_place}, values in force from {why.rule_version}, as of {why.rule_date}",
        f"Function: {why.engine} (engine {why.engine_version})",
        f"Cases: {why.kind.cases}",
    ]
    return lines, EXIT_DONE

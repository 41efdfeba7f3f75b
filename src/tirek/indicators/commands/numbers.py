"""`tirek verify F-…` and `tirek explain F-… TERRITORY`; decisions' numbers are passed on."""

from __future__ import annotations

from tirek.decisions import commands as decisions
from tirek.decisions.commands.acting import ready
from tirek_engines.errors import EXIT_BAD_INPUT, EXIT_DONE, EXIT_NOT_DECIDED

Answer = tuple[list[str], int]


def verify_number(number: str) -> Answer:
    """Recompute a published figure (F-…), a decision (D-…), or ALL."""
    number = number.strip().upper()
    if number == "ALL":
        return _all()
    if not number.startswith("F-"):
        return decisions.verify_number(number)
    ready()
    return _verified(number)


def _all() -> Answer:
    lines, code = decisions.verify_all()
    from tirek.access.scope import loading
    from tirek.indicators import queries

    with loading():
        numbers = list(queries.published().values_list("number", flat=True))
    answers = [_verified(number) for number in numbers]
    bad = sum(code != EXIT_DONE for _lines, code in answers)
    lines += [line for found, _code in answers for line in found]
    return [*lines, f"{len(numbers)} figures verified, {bad} differ."], EXIT_NOT_DECIDED if bad else code


def _verified(number: str) -> Answer:
    from django.utils import timezone

    from tirek.access.scope import loading
    from tirek.indicators import queries, services

    with loading():
        queries.release(number)
        checked = services.verify(number, by="command line", now=timezone.now())
    if checked.agrees:
        return [f"{number}: agrees. The sealed snapshot gives the same numbers."], EXIT_DONE
    broken = [d["now"] for d in checked.differences if d["what"] == "seal"]
    if broken:
        return [f"{number}: a sealed file is not what was sealed.", *(f"  {told}" for told in broken)], EXIT_BAD_INPUT
    lines = [f"  {d['what']}: {d['where']}: kept {d['kept']}, now {d['now']}" for d in checked.differences]
    return [f"{number}: {len(lines)} differences.", *lines], EXIT_NOT_DECIDED


def explain_number(number: str, subject: str) -> Answer:
    """How one territory's published number came about."""
    number = number.strip().upper()
    if not number.startswith("F-"):
        return decisions.explain_number(number, subject)
    ready()
    from tirek.access.scope import loading
    from tirek.indicators import queries
    from tirek.indicators.definitions import indicator_of

    with loading():
        release = queries.release(number)
        cells = queries.cells_of_territory(release, subject)
        snapshot = release.snapshot
    indicator = indicator_of(release.indicator)
    lines = [f"{number} · {indicator.title} · as of {release.as_of} · {release.state}", str(indicator.method), ""]
    for cell in cells:
        name = " ".join(filter(None, (cell.territory, cell.settlement, cell.kind)))
        value = f"too few to say (fewer than {release.minimum})" if cell.suppressed else cell.value
        lines.append(f"  {name}: {value}   numerator {cell.numerator}, denominator {cell.denominator}")
    lines += ["", f"Published by {release.published_by_name} on {release.published_at:%Y-%m-%d}"]
    lines += [
        f"Snapshot {snapshot.sha256}" if snapshot else f"Decision {release.decision_number}",
        "",
        release.definition,
    ]
    return lines, EXIT_DONE

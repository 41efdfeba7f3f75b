"""Published figures as pages show them: names, the reader's number form, charts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tirek.indicators import queries
from tirek.indicators.definitions import Indicator, UnknownIndicator, indicator_of
from tirek.indicators.queries import KINDS, SETTLEMENTS, Figure, Release, names_of


def known(code: str) -> Indicator | None:
    try:
        return indicator_of(code)
    except UnknownIndicator:
        return None


def shown(value: str, unit: object = "") -> str:
    """A published value in the reader's form; its digits are those that were published."""
    if value == "":
        return "–"
    number = Decimal(value)
    places = max(0, -int(number.as_tuple().exponent))
    text = number_format(number, decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"{text}\u00a0{unit}" if str(unit) == "%" else text


@dataclass(frozen=True)
class Row:
    """One line of a table of figures."""

    figure: Figure
    label: str
    value: str
    numerator: str
    denominator: str
    low: str = ""
    high: str = ""


def row(cell: Figure, indicator: Indicator | None, names: dict[str, str]) -> Row:
    label = names.get(cell.territory, cell.territory)
    if cell.settlement:
        label = str(SETTLEMENTS.get(cell.settlement, cell.settlement))
    elif cell.kind:
        label = str(KINDS.get(cell.kind, cell.kind))
    unit = indicator.unit if indicator else ""
    low, high = (shown(end) if end and not cell.suppressed else "" for end in (cell.low, cell.high))
    return Row(cell, label, shown(cell.value, unit), _whole(cell.numerator), _whole(cell.denominator), low, high)


def _whole(value: int | None) -> str:
    return "" if value is None else number_format(value, decimal_pos=0, use_l10n=True, force_grouping=True)


def chart(
    cells: list[Figure], indicator: Indicator, release: Release, names: dict[str, str], whole: Figure | None
) -> dict:
    """Amounts and shares as bars, means as points with their intervals; the whole as a line across."""
    rows = [
        {"label": names.get(c.territory, c.territory), "few": True}
        if c.suppressed or c.value == ""
        else {
            "label": names.get(c.territory, c.territory),
            "value": float(c.value),
            "low": float(c.low) if c.low else None,
            "high": float(c.high) if c.high else None,
        }
        for c in cells
    ]
    spec = {
        "kind": "dots" if any(row.get("low") is not None for row in rows) else "bars",
        "title": _("By territory"),
        "words": words(rows, indicator),
        "rows": rows,
        "decimals": indicator.decimals,
        "unit": "%" if str(indicator.unit) == "%" else "",
        "source": _("%(number)s, as of %(day)s")
        % {"number": release.number, "day": date_format(release.as_of, "SHORT_DATE_FORMAT")},
        "download": "?download=csv",
    }
    is_mean = spec["kind"] == "dots"
    if whole is not None and whole.value and (is_mean or indicator.denominator is not None):
        label = names.get(whole.territory, "")
        spec["reference"] = {"value": float(whole.value), "label": label}
    return spec


def words(rows: list[dict], indicator: Indicator) -> str:
    """What the bars say, in one sentence."""
    known_rows = [r for r in rows if not r.get("few")]
    if len(known_rows) < 2:
        return str(indicator.title)
    most, least = max(known_rows, key=lambda r: r["value"]), min(known_rows, key=lambda r: r["value"])
    return _("From %(low)s (%(low_name)s) to %(high)s (%(high_name)s).") % {
        "low": shown(f"{least['value']:.{indicator.decimals}f}", indicator.unit),
        "low_name": least["label"],
        "high": shown(f"{most['value']:.{indicator.decimals}f}", indicator.unit),
        "high_name": most["label"],
    }


def listed(releases: dict[str, Release]) -> list[dict]:
    """The list of figures: title, headline, day; figures that nobody published yet are there as well."""
    from tirek.indicators.definitions import all_indicators

    heads = queries.headlines(list(releases.values()))
    names = names_of(head.territory for head in heads.values())
    found = []
    for indicator in all_indicators():
        release = releases.get(indicator.code)
        head = heads.get(release.pk) if release else None
        found.append(
            {
                "indicator": indicator,
                "topic": str(indicator.topic or pgettext("topic of figures", "Other")),
                "release": release,
                "value": shown(head.value, indicator.unit) if head and not head.suppressed else "",
                "few": bool(head and head.suppressed),
                "territory": names.get(head.territory, "") if head else "",
            }
        )
    return found


def named(releases: list[Release]) -> list[dict]:
    """Publications with the name of the territory that each speaks of and its number."""
    heads = queries.headlines(releases)
    names = names_of(head.territory for head in heads.values())
    shown_of = []
    for release in releases:
        head, indicator = heads.get(release.pk), known(release.indicator)
        if head is not None:
            name = names.get(head.territory, head.territory)
            shown_of.append({"release": release, "name": name, "row": row(head, indicator, names)})
    return shown_of


def plain(cell: Figure) -> dict:
    """A published number for programs."""
    names = ("level", "territory", "settlement", "kind", "numerator", "denominator", "value", "se", "low", "high")
    return {name: getattr(cell, name) for name in names} | {"suppressed": cell.suppressed}

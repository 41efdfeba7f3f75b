"""What an activity file says, as plain data, and the XML made of it. No database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from lxml import etree

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
COUNTRY, CURRENCY, SECTOR = "KZ", "KZT", "11120"  # education facilities and training
Names = dict[str, str]
"""A text by language."""


@dataclass(frozen=True)
class Organisation:
    """``ref`` is its IATI identifier; ``kind`` a code of the list OrganisationType: 10 government, 22 fund, 70 company."""

    ref: str
    kind: str
    names: Names
    source: str = ""


@dataclass(frozen=True)
class Money:
    """One movement. ``kind``: 1 incoming, 2 ordered, 4 paid, 11 promised to us; ``source`` is the page it comes from."""

    ref: str
    kind: str
    day: dt.date
    amount_tiyn: int
    about: Names
    provider: Organisation | None = None
    receiver: Names = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True)
class Planned:
    """Money of a period: a budget, or a promise that is still to come."""

    start: dt.date
    end: dt.date
    amount_tiyn: int
    provider: Organisation | None = None
    source: str = ""


@dataclass(frozen=True)
class Measured:
    """An indicator with its beginning, and each period's target and actual value."""

    names: Names
    is_share: bool
    baseline: tuple[dt.date, str] | None
    periods: list[tuple[dt.date, dt.date, str, str]]
    source: str = ""


@dataclass(frozen=True)
class Activity:
    """Everything the file of one programme says."""

    identifier: str
    reporter: Organisation
    names: Names
    descriptions: Names
    participants: list[tuple[str, Organisation]]
    status: str
    dates: list[tuple[str, dt.date]]
    location: tuple[str, Names] | None
    budgets: list[Planned]
    planned: list[Planned]
    money: list[Money]
    results: list[Measured]
    made_at: dt.datetime
    source: str = ""


@dataclass(frozen=True)
class Written:
    """The file, and for each path of an element the page that its content comes from."""

    data: bytes
    sources: dict[str, str]

    def source_of(self, path: str) -> str:
        """The page of the nearest element that names one."""
        while path:
            if path in self.sources:
                return self.sources[path]
            path = path.rpartition("/")[0]
        return ""


def write(activity: Activity) -> Written:
    """The XML in the order that the schema asks for."""
    root = etree.Element("iati-activities", version="2.03")
    root.set("generated-datetime", _moment(activity.made_at))
    found = etree.SubElement(root, "iati-activity")
    found.set("default-currency", CURRENCY)
    found.set("last-updated-datetime", _moment(activity.made_at))
    found.set(XML_LANG, "kk")
    sources: list[tuple[etree._Element, str]] = [(found, activity.source)]
    _say(found, "iati-identifier", activity.identifier)
    reporter = etree.SubElement(found, "reporting-org", ref=activity.reporter.ref, type=activity.reporter.kind)
    _narratives(reporter, activity.reporter.names)
    sources.append((reporter, activity.reporter.source))
    _narratives(etree.SubElement(found, "title"), activity.names)
    _narratives(etree.SubElement(found, "description", type="1"), activity.descriptions)
    for role, organisation in activity.participants:
        sources.append((_organisation(found, "participating-org", organisation, role=role), organisation.source))
    etree.SubElement(found, "activity-status", code=activity.status)
    for kind, day in activity.dates:
        etree.SubElement(found, "activity-date", {"type": kind, "iso-date": day.isoformat()})
    etree.SubElement(found, "activity-scope", code="5")  # one first-level part of the country
    etree.SubElement(found, "recipient-country", code=COUNTRY, percentage="100")
    if activity.location:
        place = etree.SubElement(found, "location", ref=activity.location[0])
        _narratives(etree.SubElement(place, "name"), activity.location[1])
    etree.SubElement(found, "sector", vocabulary="1", code=SECTOR, percentage="100")
    etree.SubElement(found, "default-flow-type", code="30")  # private flows
    etree.SubElement(found, "default-finance-type", code="110")  # grants
    etree.SubElement(found, "default-aid-type", code="C01")  # a project
    etree.SubElement(found, "default-tied-status", code="5")  # untied
    _planned(found, activity, sources)
    for movement in activity.money:
        sources.append((_transaction(found, movement), movement.source))
    for measured in activity.results:
        sources.append((_result(found, measured), measured.source))
    tree = root.getroottree()
    data = etree.tostring(tree, pretty_print=True, xml_declaration=True, encoding="UTF-8")
    return Written(data, {tree.getpath(element): source for element, source in sources if source})


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _say(parent: etree._Element, tag: str, text: str, **attributes: str) -> etree._Element:
    found = etree.SubElement(parent, tag, attributes)
    found.text = text
    return found


def _narratives(parent: etree._Element, names: Names) -> None:
    for language, text in names.items():
        if text:
            _say(parent, "narrative", text).set(XML_LANG, language)


def _organisation(parent: etree._Element, tag: str, who: Organisation, **more: str) -> etree._Element:
    found = etree.SubElement(parent, tag, {**more, "type": who.kind, "ref": who.ref})
    _narratives(found, who.names)
    return found


def amount(tiyn: int) -> str:
    """Tenge as a decimal number with two places."""
    return str(Decimal(tiyn).scaleb(-2).quantize(Decimal("0.01")))


def _value(parent: etree._Element, tiyn: int, day: dt.date) -> None:
    _say(parent, "value", amount(tiyn)).set("value-date", day.isoformat())


def _planned(found: etree._Element, activity: Activity, sources: list) -> None:
    for one in activity.budgets:
        budget = etree.SubElement(found, "budget", type="1", status="2")
        _period(budget, one)
        _value(budget, one.amount_tiyn, one.start)
        sources.append((budget, one.source))
    for one in activity.planned:
        planned = etree.SubElement(found, "planned-disbursement", type="1")
        _period(planned, one)
        _value(planned, one.amount_tiyn, one.start)
        if one.provider:
            _organisation(planned, "provider-org", one.provider)
        sources.append((planned, one.source))


def _period(parent: etree._Element, one: Planned) -> None:
    etree.SubElement(parent, "period-start", {"iso-date": one.start.isoformat()})
    etree.SubElement(parent, "period-end", {"iso-date": one.end.isoformat()})


def _transaction(found: etree._Element, one: Money) -> etree._Element:
    made = etree.SubElement(found, "transaction", ref=one.ref)
    etree.SubElement(made, "transaction-type", code=one.kind)
    etree.SubElement(made, "transaction-date", {"iso-date": one.day.isoformat()})
    _value(made, one.amount_tiyn, one.day)
    if any(one.about.values()):
        _narratives(etree.SubElement(made, "description"), one.about)
    if one.provider:
        _organisation(made, "provider-org", one.provider)
    if any(one.receiver.values()):
        _narratives(etree.SubElement(made, "receiver-org"), one.receiver)
    return made


def _result(found: etree._Element, one: Measured) -> etree._Element:
    result = etree.SubElement(found, "result", {"type": "1", "aggregation-status": "false"})
    _narratives(etree.SubElement(result, "title"), one.names)
    indicator = etree.SubElement(result, "indicator", {"measure": "2" if one.is_share else "1", "ascending": "true"})
    _narratives(etree.SubElement(indicator, "title"), one.names)
    if one.baseline:
        day, value = one.baseline
        etree.SubElement(indicator, "baseline", {"year": str(day.year), "iso-date": day.isoformat(), "value": value})
    for start, end, target, actual in one.periods:
        period = etree.SubElement(indicator, "period")
        etree.SubElement(period, "period-start", {"iso-date": start.isoformat()})
        etree.SubElement(period, "period-end", {"iso-date": end.isoformat()})
        if target:
            etree.SubElement(period, "target", value=target)
        if actual:
            etree.SubElement(period, "actual", value=actual)
    return result

"""Which pages a role finds in the navigation. An address that no app serves yet stays away."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tirek.access.permissions import may


@dataclass(frozen=True)
class Entry:
    label: str
    address: str
    permission: str = ""
    key: str = ""


@dataclass(frozen=True)
class Link:
    url: str
    label: str
    key: str = ""
    current: bool = False


ENTRIES = (
    Entry(gettext_noop("Home"), "home", key="h"),
    Entry(gettext_noop("My tasks"), "tasks:mine", key="t"),
    Entry(gettext_noop("Territory"), "registry:here", key="r"),
    Entry(gettext_noop("Institutions"), "registry:institutions", key="i"),
    Entry(gettext_noop("People"), "registry:people", "people.search", key="p"),
    Entry(gettext_noop("Programmes"), "programmes:programmes", "programmes.read", key="m"),
    Entry(gettext_noop("Tests and results"), "assessment:tests", "assessment.read", key="a"),
    Entry(gettext_noop("Questionnaires"), "surveys:rounds", "surveys.read", key="q"),
    Entry(gettext_noop("Rooms and works"), "facilities:here", "rooms.read", key="w"),
    Entry(gettext_noop("Teachers’ growth"), "cpd:courses", "growth.read", key="c"),
    Entry(gettext_noop("Figures"), "indicators:figures", key="f"),
    Entry(gettext_noop("Sponsors"), "programmes:sponsors", "sponsors.read"),
    Entry(gettext_noop("Ledger"), "ledger:accounts", "ledger.post"),
    Entry(gettext_noop("Import and exchange"), "exchange:overview", "exchange.read", key="x"),
    Entry(gettext_noop("Decisions"), "decisions:runs", "decisions.read", key="d"),
    Entry(gettext_noop("Users and roles"), "access:users", "users.manage", key="u"),
    Entry(gettext_noop("Audit"), "access:audit", "audit.read", key="l"),
    Entry(gettext_noop("Help"), "help", key="?"),
)
FOOTER = (
    Entry(gettext_noop("Published figures"), "indicators:public"),
    Entry(gettext_noop("Where it is decided"), "decisions:where"),
    Entry(gettext_noop("Check a document"), "documents:check"),
    Entry(gettext_noop("Check a certificate"), "cpd:check"),
    Entry(gettext_noop("Help"), "help"),
)
ACCOUNT = (
    Entry(gettext_noop("My account"), "access:account"),
    Entry(gettext_noop("Change password"), "account_change_password"),
    Entry(gettext_noop("Second factor"), "mfa_index"),
)


def links(entries: tuple[Entry, ...], role: str, path: str = "") -> list[Link]:
    found = []
    for entry in entries:
        url = address(entry.address)
        if url and (not entry.permission or (role and may(role, entry.permission))):
            found.append(Link(url, _(entry.label), entry.key if entry.key != "?" else ""))
    here = max((link.url for link in found if path.startswith(link.url) and link.url != "/"), key=len, default=path)
    return [Link(link.url, link.label, link.key, link.url == here) for link in found]


def address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""

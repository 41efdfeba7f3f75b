"""Which role may do what. Where (which rows) is the scope's business, not this table's."""

from __future__ import annotations

from tirek.access.roles import HEADS, OFFICERS, Role

EVERYONE = set(Role)
STAFF = OFFICERS | HEADS | {Role.TEACHER}

PERMISSIONS: dict[str, set[str]] = {
    "people.read": STAFF | {Role.PARENT},
    "people.search": OFFICERS | HEADS | {Role.TEACHER},
    "people.change": HEADS | {Role.DISTRICT_OFFICER, Role.REGIONAL_OFFICER, Role.ADMINISTRATOR},
    "people.see_iin": {Role.ADMINISTRATOR, Role.AUDITOR},
    "registry.change": HEADS | {Role.DISTRICT_OFFICER, Role.REGIONAL_OFFICER, Role.ADMINISTRATOR},
    "registry.found": {Role.ADMINISTRATOR},  # territories and school years, for all
    "exchange.read": OFFICERS | HEADS,
    "exchange.import": HEADS | {Role.DISTRICT_OFFICER, Role.REGIONAL_OFFICER, Role.ADMINISTRATOR},
    "exchange.export": OFFICERS | HEADS,
    "assessment.read": STAFF | {Role.PARENT},
    "assessment.manage": {Role.REGIONAL_OFFICER, Role.PROGRAMME_OFFICE, Role.MINISTRY_ANALYST, Role.ADMINISTRATOR},
    "assessment.supervise": {
        Role.SCHOOL_HEAD,
        Role.SCHOOL_COORDINATOR,
        Role.TEACHER,
        Role.DISTRICT_OFFICER,
        Role.REGIONAL_OFFICER,
        Role.PROGRAMME_OFFICE,
        Role.MINISTRY_ANALYST,
        Role.ADMINISTRATOR,
    },
    "assessment.reports": STAFF,
    "assessment.research": {
        Role.REGIONAL_OFFICER,
        Role.PROGRAMME_OFFICE,
        Role.MINISTRY_ANALYST,
        Role.ADMINISTRATOR,
    },
    "decisions.read": OFFICERS | HEADS,
    "decisions.publish": {Role.REGIONAL_OFFICER, Role.MINISTRY_ANALYST, Role.PROGRAMME_OFFICE},
    "rules.load": {Role.REGIONAL_OFFICER, Role.MINISTRY_ANALYST},
    "figures.publish": {Role.REGIONAL_OFFICER, Role.MINISTRY_ANALYST, Role.PROGRAMME_OFFICE},
    "tasks.assign": (OFFICERS | HEADS) - {Role.AUDITOR},
    # the support-school programme
    "programmes.read": OFFICERS | HEADS | {Role.TEACHER},
    "programmes.manage": {Role.PROGRAMME_OFFICE, Role.REGIONAL_OFFICER, Role.ADMINISTRATOR},
    "needs.decide": {Role.PROGRAMME_OFFICE, Role.REGIONAL_OFFICER, Role.DISTRICT_OFFICER, Role.SCHOOL_HEAD},
    "sponsors.read": (OFFICERS | HEADS | {Role.SPONSOR}) - {Role.DISTRICT_OFFICER},
    "sponsors.manage": {Role.PROGRAMME_OFFICE, Role.ADMINISTRATOR},
    "ledger.read": OFFICERS | HEADS | {Role.SPONSOR},
    "ledger.post": {Role.PROGRAMME_OFFICE, Role.REGIONAL_OFFICER, Role.ADMINISTRATOR},
    "ledger.close": {Role.REGIONAL_OFFICER, Role.MINISTRY_ANALYST, Role.PROGRAMME_OFFICE},
    "rooms.read": OFFICERS | HEADS | {Role.TEACHER},
    "rooms.walk": HEADS,
    "works.manage": {Role.PROGRAMME_OFFICE, Role.REGIONAL_OFFICER, Role.DISTRICT_OFFICER, Role.ADMINISTRATOR},
    "works.accept": HEADS | {Role.PROGRAMME_OFFICE, Role.REGIONAL_OFFICER, Role.DISTRICT_OFFICER},
    "surveys.read": OFFICERS | HEADS | {Role.TEACHER},
    "surveys.manage": {Role.PROGRAMME_OFFICE, Role.REGIONAL_OFFICER, Role.MINISTRY_ANALYST, Role.ADMINISTRATOR},
    "surveys.invite": HEADS,
    "surveys.texts": OFFICERS - {Role.AUDITOR},  # open answers, names covered
    "growth.read": OFFICERS | HEADS | {Role.TEACHER},
    "growth.manage": {Role.PROGRAMME_OFFICE, Role.REGIONAL_OFFICER, Role.ADMINISTRATOR},
    "growth.own": {Role.TEACHER, *HEADS},
    "growth.approve": HEADS,
    "growth.certify": {Role.REGIONAL_OFFICER},  # the commission: it changes categories in the register
    "awards.district": {Role.DISTRICT_OFFICER, Role.REGIONAL_OFFICER},
    "users.manage": {Role.ADMINISTRATOR},
    "audit.read": {Role.AUDITOR, Role.ADMINISTRATOR},
}


def may(role: str, permission: str) -> bool:
    """Whether a role has a permission. An unknown permission is our mistake, and loud."""
    return role in PERMISSIONS[permission]

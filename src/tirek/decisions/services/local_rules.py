"""Loading a local act: checked, signed by digest and name, dated, never changed."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from tirek.access.models import User
from tirek.access.permissions import may
from tirek.access.scope import Scope, current_scope, loading
from tirek.decisions.models import LocalRule
from tirek.decisions.rule_queries import book_with, decisions_touched
from tirek.registry.models import Territory
from tirek_engines.errors import Refusal
from tirek_engines.rules import REPUBLIC, Rule, parse_rules


class LoadingRefused(Refusal):
    """This act cannot be loaded by this user."""

    code = "loading_refused"
    http_status = 403


SHOWN = 20


class DecisionsTouched(LoadingRefused):
    """Decisions were made for days on which this act gives another value, and nobody has confirmed that."""

    code = "decisions_touched"
    http_status = 409


def load(*, name: str, body: bytes, by: User | None, now: datetime, confirmed: int | None = None) -> LocalRule:
    """Keep a local act whose values add to the rules ``name``.

    Values are for territories inside the asker's own; only the country's role sets one for the republic. An act that reaches
    back behind decisions already made needs their number in ``confirmed``; it never changes them.
    """
    scope = current_scope()
    if not scope.role or not may(scope.role, "rules.load"):
        raise LoadingRefused("Your role does not load rules.")
    added = parse_rules(body, name, "the file")
    sha256 = hashlib.sha256(body).hexdigest()
    with loading():
        if LocalRule.objects.filter(name=name, sha256=sha256).exists():
            raise LoadingRefused(f"Exactly this act was loaded already ({sha256[:12]}).", code="already_loaded")
        before, after = book_with(name, body, date.max)
        _known_rules(added, before, name)
        _own_territories(added, scope)
        assert len(after.rules) >= len(before.rules)
        _touches_nothing_unseen(decisions_touched(name, body), confirmed)
        return LocalRule.objects.create(
            name=name,
            body=body.decode(),
            sha256=sha256,
            org_lo=scope.lo or 0,
            org_hi=scope.hi if scope.hi is not None else 2_147_483_647,
            in_force_from=min(value.start for rule in added for value in rule.values),
            loaded_by=by,
            loaded_by_name=str(by or ""),
            loaded_at=now,
        )


def _touches_nothing_unseen(touched: list[str], confirmed: int | None) -> None:
    if not touched or confirmed == len(touched):
        return
    shown = ", ".join(touched[:SHOWN]) + (" …" if len(touched) > SHOWN else "")
    raise DecisionsTouched(
        f"On the day of {len(touched)} decisions already made this act gives other values: {shown}. They stay as they were "
        f"decided; supersede those that the act is meant for. Confirm with --confirm {len(touched)}.",
        decisions=touched,
    )


def _known_rules(added: list[Rule], before, name: str) -> None:
    unknown = sorted({rule.name for rule in added} - set(before.rules))
    if unknown:
        raise LoadingRefused(
            f"No decision reads {', '.join(unknown)}. A local act gives values to rules of {name} that exist.",
            code="unknown_rule",
        )


def _own_territories(added: list[Rule], scope: Scope) -> None:
    for code in sorted({value.territory for rule in added for value in rule.values}):
        if scope.is_country:
            continue
        territory = None
        if code != REPUBLIC:
            field = "iso_3166_2" if "-" in code else "code"
            territory = Territory.objects.filter(**{field: code}).first()
        if territory is None or not (scope.covers(territory.org_lo) and scope.covers(territory.org_hi)):
            raise LoadingRefused(f"You may not set rules for {code}.", territory=code)

"""From draft to published, once, and only while the inputs are what they were."""

from __future__ import annotations

from datetime import datetime

from tirek.access.models import User
from tirek.access.permissions import may
from tirek.access.scope import current_scope, loading
from tirek.decisions.kinds import Kind, function, kind_of
from tirek.decisions.models import Decision, State
from tirek.storage.database import LOADER
from tirek.storage.sealed import Sealed, digest_of, unseal
from tirek_engines.errors import Refusal


class NotFound(Refusal):
    """No decision of this number is visible to the asker."""

    code = "decision_not_found"
    http_status = 404


class NotAllowed(Refusal):
    """The asker may not publish this decision."""

    code = "not_allowed"
    http_status = 403


class NotADraft(Refusal):
    """Only a draft can be published."""

    code = "not_a_draft"
    http_status = 409


class AlreadyPublished(NotADraft):
    """Somebody has published it before."""

    code = "already_published"


class InputsMoved(Refusal):
    """What the decision was computed from has changed since."""

    code = "inputs_moved"
    http_status = 409


def publish(number: str, *, by: User | None, now: datetime) -> Decision:
    """Publish a draft after checking the right, the state and that no input has moved."""
    _check_right(number)
    with loading():
        decision = Decision.objects.select_for_update().get(number=number)
        if decision.state == State.PUBLISHED:
            raise AlreadyPublished(
                f"{number} was published by {decision.published_by_name} already. Nothing was changed.", number=number
            )
        if decision.state != State.DRAFT:
            raise NotADraft(f"{number} is no draft (it is {decision.state}). Record a new one.", number=number)
        moved = moved_inputs(decision, kind_of(decision.kind))
        if moved:
            raise InputsMoved(
                f"{number} cannot be published: these inputs have changed since it was computed: "
                f"{', '.join(moved)}. Record it again and publish the new draft.",
                number=number,
                inputs=moved,
            )
        mark_published(decision, by, now)
    return decision


def withdraw(number: str, *, by: User | None, now: datetime, because: str) -> Decision:
    """Take a draft or a published decision back, saying why. It stays readable."""
    _check_right(number)
    if not because.strip():
        raise Refusal("Say why the decision is withdrawn.", code="reason_missing")
    with loading():
        decision = Decision.objects.select_for_update().get(number=number)
        if decision.state not in (State.DRAFT, State.PUBLISHED):
            raise NotADraft(f"{number} is closed already ({decision.state}).", number=number)
        decision.state, decision.closed_at = State.WITHDRAWN, now
        decision.closed_because = f"{by or ''}: {because}"[:300]
        decision.save(update_fields=["state", "closed_at", "closed_because"])
    return decision


def mark_published(decision: Decision, by: User | None, now: datetime) -> None:
    """The transition itself; the one superseded goes first, so that never two are in force."""
    before = decision.supersedes
    if before is not None:
        before = Decision.objects.select_for_update().get(pk=before.pk)
        if before.state == State.SUPERSEDED:
            raise AlreadyPublished(
                f"{before.number} was superseded by {before.closed_because} already. Record a new draft that "
                f"supersedes {before.closed_because}.",
                number=decision.number,
            )
        if before.state == State.PUBLISHED:
            before.state, before.closed_at = State.SUPERSEDED, now
            before.closed_because = decision.number
            before.save(update_fields=["state", "closed_at", "closed_because"])
    decision.state, decision.published_by, decision.published_at = State.PUBLISHED, by, now
    decision.published_by_name = str(by or "")
    decision.save(update_fields=["state", "published_by", "published_by_name", "published_at"])


def moved_inputs(decision: Decision, kind: Kind) -> list[str]:
    """Names of inputs that would be other ones if they were read now."""
    if kind.fresh is None:
        return []
    fresh = function(kind.fresh)(decision.parameters)
    return [name for name, value in sorted(fresh.items()) if _moved(decision.inputs.get(name), value)]


def _moved(kept: dict | None, value: object) -> bool:
    if kept is None:
        return True
    if isinstance(value, str):
        return value != kept["sha256"]
    if digest_of(value) == kept["sha256"]:
        return False
    # another version of Polars writes other bytes for the same rows
    before = unseal(Sealed.from_dict(kept))
    return not (type(before) is type(value) and hasattr(value, "equals") and value.equals(before))


def _check_right(number: str) -> None:
    scope = current_scope()
    with loading():
        decision = Decision.objects.filter(number=number).first()
    if decision is None:
        raise NotFound(f"There is no decision {number}.", number=number)
    if scope.database_role == LOADER:
        return  # a job or the command line, whose right was checked before
    covered = scope.covers(decision.org_lo) and scope.covers(decision.org_hi)
    if not scope.role or not may(scope.role, "decisions.publish") or not covered:
        raise NotAllowed("Your role or territory does not allow you to publish this decision.", number=number)

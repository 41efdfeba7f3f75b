"""What a walk found to differ from the register: accepted, it changes the register; rejected, the reason stays."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading
from tirek.facilities.models import Finding, Photograph, Proposal, ProposalKind, ProposalState
from tirek.facilities.refusals import Incomplete, NotFound, WrongState, must
from tirek.facilities.services.asking import answer
from tirek.registry.models import Building
from tirek.registry.services.rooms import add_room, close_room


@transaction.atomic
def accept_proposal(*, proposal_id: int, by: User, now: dt.datetime) -> Proposal:
    """Change the register as the walk found it."""
    proposal = _open(proposal_id)
    today = timezone.localdate(now)
    finding, scope = proposal.finding, current_scope()
    if proposal.kind == ProposalKind.ABSENT:
        close_room(room_id=finding.room_id, on=today, by=scope, now=now)
    else:
        said = finding.reported
        with loading():
            building = Building.objects.filter(
                institution_id=finding.walk.institution_id, code=said.get("building", "")
            ).first()
        if building is None:
            raise NotFound(_("The building of this room is no longer in the register. Reject the proposal."))
        facts = {
            name: said[name] for name in ("number", "name", "purpose", "floor") if said.get(name) not in (None, "")
        }
        facts["condition"] = finding.condition
        proposal.room = add_room(building_id=building.pk, facts=facts, from_date=today, by=scope, now=now)
        _give_room(finding, proposal.room)
    return _decided(proposal, ProposalState.ACCEPTED, "", by, now)


@transaction.atomic
def reject_proposal(*, proposal_id: int, because: str, by: User, now: dt.datetime) -> Proposal:
    """The register stays; say why."""
    proposal = _open(proposal_id)
    if not because.strip():
        raise Incomplete(_("Say why the register is right, so that who walked can see it."), code="reason_missing")
    return _decided(proposal, ProposalState.REJECTED, because.strip()[:500], by, now)


def _open(proposal_id: int) -> Proposal:
    with loading():
        found = (
            Proposal.objects.select_for_update(of=("self",))
            .select_related("finding__walk", "room")
            .filter(pk=proposal_id)
            .first()
        )
    if found is None:
        raise NotFound(_("There is no such proposal."))
    must("registry.change", found.org_no)
    if found.state != ProposalState.OPEN:
        raise WrongState(_("Somebody has decided this already. Load the page again."))
    return found


def _give_room(finding: Finding, room) -> None:
    """Photographs of the reported room become the new room's."""
    with loading():
        Photograph.objects.filter(finding__walk_id=finding.walk_id, finding__place=finding.place).update(room=room)


def _decided(proposal: Proposal, state: str, note: str, by: User, now: dt.datetime) -> Proposal:
    with loading():
        proposal.state, proposal.note = state, note
        proposal.decided_at, proposal.decided_by_id, proposal.decided_by_name = now, by.pk, str(by)
        proposal.save()
        is_last = not Proposal.objects.filter(walk_id=proposal.walk_id, state=ProposalState.OPEN).exists()
    if is_last:
        answer(
            "facilities.proposals", proposal.org_no, f"walk:{proposal.walk_id}", _("All proposals are decided."),
            by=by, now=now,
        )  # fmt: skip
    return proposal

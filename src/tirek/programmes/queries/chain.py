"""One room from its condition to the later result: what is known of each link of the chain."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from tirek.programmes.models import Need
from tirek.registry.models import Room


@dataclass(frozen=True)
class Chain:
    """What the records hold; an empty part is a link that is not there yet."""

    room: Room
    finding: Any | None
    scales: list[Any]
    needs: list[Need]
    works: list[Any]
    results: list[Any]


def room(room_id: int) -> Room | None:
    return Room.objects.select_related("building", "institution").filter(pk=room_id).first()


def chain(of: Room, *, on: dt.date) -> Chain:
    """Everything about one room, in the order in which it happened."""
    from tirek.assessment.queries.results import results_of_school
    from tirek.facilities.queries.findings import room_findings
    from tirek.facilities.queries.works import works_of_room
    from tirek.surveys.queries.results import scale_results

    finding = next((f for f in room_findings([of.org_no], on) if f.room_id == of.pk), None)
    return Chain(
        room=of, finding=finding, scales=sorted(scale_results([of.org_no], on), key=lambda r: (r.audience, r.scale_code)),
        needs=list(Need.objects.filter(room_id=of.pk).order_by("number")), works=works_of_room(of.pk),
        results=results_of_school(of.org_no),
    )  # fmt: skip

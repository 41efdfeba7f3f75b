"""Schools that were merged or renewed: in which one they go on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from tirek.registry.models import Succession

ENDS = (Succession.Kind.MERGER, Succession.Kind.RENEWAL)


def going_on_in(org_nos: Iterable[int], until: dt.date) -> dict[int, int]:
    """The school that each goes on in on a day, a chain of mergers to its end; itself if it was not merged."""
    found = {no: no for no in org_nos}
    while True:
        steps = Succession.objects.filter(before__org_no__in=set(found.values()), kind__in=ENDS, date__lte=until)
        after = dict(steps.order_by("date", "id").values_list("before__org_no", "after__org_no"))
        if not after:
            return found
        moved = {no: after.get(here, here) for no, here in found.items()}
        if any(no != here and moved[no] == no for no, here in found.items()):  # a circle: the register is wrong
            return found
        found = moved

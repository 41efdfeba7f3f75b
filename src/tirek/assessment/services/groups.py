"""What rows of groups share, whichever decision they come from: why a group is not shown, and whose numbers it spans."""

from __future__ import annotations

from tirek.assessment.models import Test
from tirek.registry.models import Institution, Territory

SUPPRESSED = {0: "", 1: "small", 2: "protects", -1: "nobody"}


def ranges_of(test: Test) -> dict[str, tuple[int, int]]:
    """Range of institutions' numbers of each district and school, by code."""
    inside = {"org_lo__gte": test.org_lo, "org_hi__lte": test.org_hi}
    ranges = {
        code: (lo, hi) for code, lo, hi in Territory.objects.filter(**inside).values_list("code", "org_lo", "org_hi")
    }
    schools = Institution.objects.filter(org_no__gte=test.org_lo, org_no__lte=test.org_hi)
    return ranges | {code: (org_no, org_no) for code, org_no in schools.values_list("code", "org_no")}

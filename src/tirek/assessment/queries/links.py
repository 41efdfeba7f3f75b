"""Questions about links and trends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import F, Q

from tirek.assessment.decided.link_sealing import pairs_of
from tirek.assessment.models import (
    Dimension,
    GroupResult,
    Link,
    LinkState,
    MatchedBy,
    Release,
    ReleaseState,
    Test,
    Trend,
)
from tirek.assessment.queries import results as result_queries


@dataclass(frozen=True)
class Candidate:
    """An earlier published test with common items; `value` is what the form sends."""

    test: Test
    title: str
    matched_by: str
    how: str
    n_common: int

    @property
    def value(self) -> str:
        return f"{self.test.code}:{self.matched_by}"


def candidates(test: Test) -> list[Candidate]:
    """Published tests of the same territory and subject with items in common, those with the most first."""
    published = Release.objects.filter(state=ReleaseState.PUBLISHED, calibration__isnull=False).values("test_id")
    others = Test.objects.filter(pk__in=published, subject=test.subject, org_lo=test.org_lo, org_hi=test.org_hi)
    found = []
    for other in others.exclude(pk=test.pk).select_related("school_year"):
        for matched_by in MatchedBy:
            n = pairs_of(test, other, matched_by).height
            if n:
                title = result_queries.title_of(other)
                found.append(Candidate(other, title, matched_by.value, str(matched_by.label), n))
    return sorted(found, key=lambda candidate: -candidate.n_common)


def earlier_links(test: Test) -> list[Link]:
    """Links that were replaced, the latest first."""
    return list(Link.objects.filter(test=test, state=LinkState.SUPERSEDED).order_by("-at")[:10])


def trends_of(release: Release) -> dict[str, list[Trend]]:
    """Published changes by dimension."""
    by: dict[str, list[Trend]] = {}
    for row in (
        Trend.objects.filter(release=release).select_related("base__test__school_year").order_by("org_lo", "code")
    ):
        by.setdefault(row.dimension, []).append(row)
    return by


@dataclass(frozen=True)
class Linked:
    """What is known of the links of some results: their changes, and which test set the scale of each."""

    trends: Mapping[tuple[int, str, str], Trend] = field(default_factory=dict)
    bases: Mapping[int, Release] = field(default_factory=dict)

    def root_of(self, release: Release) -> int:
        """Results with the same one can be compared."""
        while release.link_id and release.pk in self.bases:
            release = self.bases[release.pk]
        return release.test_id


def linked_of(rows: Sequence[GroupResult]) -> Linked:
    """The changes of these results, and the way of each publication back to the test that set its scale: two questions.

    A school does not see a link itself, but its own change, and from it which results came before.
    """
    groups = Q(dimension__in={row.dimension for row in rows}, code__in={row.code for row in rows})
    found = Trend.objects.filter(groups | Q(dimension=Dimension.ALL), release__state=ReleaseState.PUBLISHED)
    found = found.select_related("base__test__school_year").defer("base__distribution").order_by("pk")
    trends = {(one.release_id, one.dimension, one.code): one for one in found}
    published = Release.objects.filter(state=ReleaseState.PUBLISHED).defer("distribution")
    published = list(published.annotate(linked_to=F("link__base_id")))
    by_test = {release.test_id: release for release in published}
    bases = {}
    for release in published:
        if release.linked_to:
            bases[release.pk] = by_test.get(release.linked_to)
        elif release.link_id:
            bases[release.pk] = next((one.base for one in trends.values() if one.release_id == release.pk), None)
    return Linked(trends, {pk: base for pk, base in bases.items() if base is not None})


def trends_of_school(org_no: int) -> list[Trend]:
    """A school's published changes, the latest first."""
    found = Trend.objects.filter(
        org_lo=org_no, org_hi=org_no, dimension=Dimension.SCHOOL, release__state=ReleaseState.PUBLISHED
    )
    return list(found.select_related("release__test__school_year", "base__test__school_year"))


def scale_root(release: Release) -> int:
    """The test that set the scale on which a release stands: results with the same one can be compared."""
    while release.link_id:
        before = _base_of(release)
        if before is None:
            break
        release = before
    return release.test_id


def _base_of(release: Release) -> Release | None:
    """The published results that these were linked to. A school does not see the link itself, but its own change."""
    base = Link.objects.filter(pk=release.link_id).values_list("base_id", flat=True).first()
    if base is not None:
        return Release.objects.filter(test_id=base, state=ReleaseState.PUBLISHED).first()
    trend = Trend.objects.filter(release=release).select_related("base").first()
    return trend.base if trend else None

"""The demonstration's programme over two years: rooms, voices, needs, courses, sponsors, works, effect. Each part is its app's own.

Safe to repeat: each part leaves what is there and makes up for what is missing. The order matters: needs rest on rooms and
voices, money on works, the effect on results.
"""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone

from tirek.cpd import demonstration as growth
from tirek.cpd.demonstration_practice import demonstrate_practice
from tirek.facilities.demonstration import demonstrate_rooms
from tirek.programmes.demonstration.evaluation import demonstrate_evaluation
from tirek.programmes.demonstration.impact import demonstrate_impact
from tirek.programmes.demonstration.load import load_programmes
from tirek.programmes.demonstration.sponsors import load_sponsors
from tirek.site.demo import users
from tirek.site.demo.load import Progress
from tirek.surveys.demonstration import load_surveys

OTPAN = "otpan"


def load_programme(org_lo: int, org_hi: int, progress: Progress | None = None) -> None:
    """Fill every part for the region of a range of institutions, one part after another."""
    tell = progress or (lambda done, total, message: None)
    now, office = timezone.now(), users.user_named("office")
    if office is None:
        return
    parts: tuple[tuple[str, Callable[[], object]], ...] = (
        ("rooms and works", lambda: demonstrate_rooms(now=now, by=office)),
        ("questionnaires", lambda: load_surveys(by=office, now=now)),
        ("courses and certificates", lambda: growth.load(org_lo=org_lo, org_hi=org_hi, by=office, now=now)),
        (
            "lessons, visits, the reserve and awards",
            lambda: demonstrate_practice(org_lo=org_lo, org_hi=org_hi, by=office, now=now),
        ),
        ("the programme, its schools and needs", lambda: load_programmes(now=now)),
        ("sponsors' money", lambda: load_sponsors(now=now)),
        ("what the programme changed", lambda: demonstrate_impact(OTPAN, now)),
        ("what schools add, town and village", lambda: demonstrate_evaluation(now)),
    )
    for place, (what, load) in enumerate(parts):
        tell(place, len(parts), what)
        load()
    tell(len(parts), len(parts), "the programme")

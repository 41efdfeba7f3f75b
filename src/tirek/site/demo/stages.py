"""The whole demonstration, stage by stage: registry, people, accounts, and what apps above add."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from tirek.access.scope import loading
from tirek.indicators import demonstration
from tirek.site.demo import asked, exchanged, load, monitoring, programme, truth, users
from tirek.site.demo.load import Progress


def load_stages(
    *,
    scale: str = "mangystau",
    seed: int = 1,
    year: int | None = None,
    stage: str = "all",
    progress: Progress | None = None,
) -> dict:
    """Load one stage or all; safe to repeat. Gives what was done, for a person and for a program."""
    done = load.load(scale=scale, seed=seed, year=year, stage=stage, progress=progress)
    accounts = users.make_users()
    if done.is_complete:
        truth.write_record(done.plan)
    if done.is_complete and stage == "all":
        monitoring.load_monitoring(done.plan, progress)
        _say_in_public(done.plan.year)
        programme.load_programme(*_range_of(done.plan), progress)
        asked.load_tasks()
        exchanged.load_extract()
    return {
        "scale": done.plan.scale.name, "seed": seed, "year": done.plan.year, "digest": done.plan.digest(),
        "institutions": done.institutions, "people": done.people, "accounts": accounts,
        "is_complete": done.is_complete and monitoring.is_loaded(done.plan),
    }  # fmt: skip


def _range_of(plan) -> tuple[int, int]:
    """Institutions of the demonstration's (first) region."""
    with loading():
        place = monitoring.place_of(plan)
    return place.org_lo, place.org_hi


def _say_in_public(year: int) -> None:
    """Figures of the register as of the first October of the school year, and what others said in public."""
    now = timezone.now()
    demonstration.load_claims(now=now)
    as_of = min(timezone.localdate(now), date(year, 10, 1))
    demonstration.publish_figures(as_of=as_of, by=users.user_named("region"), now=now)

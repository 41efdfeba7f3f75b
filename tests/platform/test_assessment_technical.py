"""The technical report against the tables of the chain; and everything verified, until one sealed byte is changed."""

import polars as pl
import pytest
from assessment_world import OFFICER, make_world
from django.utils import translation
from linked_world import DRIFTING, base_of, later_of

from tirek.access.scope import acting_as, loading
from tirek.assessment.models import ItemEstimate, Release
from tirek.assessment.reports.technical import technical_report
from tirek.assessment.services.linking import link_test
from tirek.assessment.services.publication import publish_results
from tirek.decisions import queries as journal
from tirek.decisions.commands.numbers import verify_all, verify_number
from tirek.storage.sealed import path_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sealed_apart(tmp_path, monkeypatch):
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")
    monkeypatch.setattr("tirek.decisions.commands.numbers.ready", lambda: None)


@pytest.fixture
def release() -> Release:
    from linked_world import NOW

    world = make_world((80,) * 8)
    base, test = base_of(world), later_of(world, drift={DRIFTING: 0.9})
    with acting_as(OFFICER):
        asked = {"test_id": test.pk, "base_id": base.pk, "matched_by": "code", "by": None, "now": NOW}
        link_test(**asked)
        link_test(**asked, removed={DRIFTING: "printed"})
        return publish_results(test_id=test.pk, by=None, now=NOW)


def section(report, words: str):
    found = [s for s in report.sections if words.casefold() in s.title.casefold()]
    assert found, [s.title for s in report.sections]
    return found[0]


def number(text: str) -> float:
    return float(str(text).replace(",", "").replace("\u2212", "-"))


def test_the_report_says_what_the_chain_has_sealed(release):
    with acting_as(OFFICER), translation.override("en"):
        report = technical_report(release)
        link = journal.decision(release.link.decision_number)
        dif = journal.table(journal.decision(release.calibration.decision_number), "dif")
    facts = {str(name): value for name, value in section(report, "linking").facts}
    assert number(facts["Slope"]) == pytest.approx(link.summary["slope"], abs=5e-5)
    assert number(facts["Intercept"]) == pytest.approx(link.summary["intercept"], abs=5e-5)
    assert number(facts["Linking error, logits"]) == pytest.approx(link.summary["error"], abs=5e-5)
    assert int(number(facts["Common items used"])) == link.summary["n_anchors"] == 11
    assert facts["Decision"] == link.number
    with loading():
        drift = journal.table(link, "drift")
    assert drift.filter(pl.col("state") == "removed")["item"].to_list() == [DRIFTING]
    fairness = section(report, "fair") if any("fair" in s.title.casefold() for s in report.sections) else None
    fairness = fairness or section(report, "DIF")
    marked = dif.filter(pl.col("class").is_in(["B", "C"]))
    assert str(dif.height) in " ".join(map(str, fairness.paragraphs)).replace(",", "")
    assert len(fairness.rows or []) == marked.height
    shown = {row[1] for row in fairness.rows or []}
    assert shown <= set(dif["item"]) | set(dif["focal"])
    with loading():
        classes = dict(
            ItemEstimate.objects.filter(calibration=release.calibration, item__code__in=set(dif["item"])).values_list(
                "item__code", "dif"
            )
        )
    for item, worst in classes.items():
        found = dif.filter((pl.col("item") == item) & (pl.col("class") != ""))["class"]
        assert worst == (found.max() or ""), item


def test_everything_verifies_until_one_byte_is_changed(release):
    lines, code = verify_all()
    assert code == 0, lines
    n = len(lines) - 1
    assert n >= 5, "two calibrations, a link, two results"
    assert lines[-1] == f"{n} decisions verified, 0 differ."
    with loading():
        broken = journal.decision(release.calibration.decision_number)
    path = path_of(broken.inputs["groups"]["sha256"])
    whole = path.read_bytes()
    path.write_bytes(whole[:-9] + b"tampered!")
    lines, code = verify_all()
    assert code != 0
    assert lines[-1] == f"{n} decisions verified, 1 differ."
    at = next(i for i, line in enumerate(lines) if line.startswith(f"{broken.number}:"))
    assert "not what was sealed" in lines[at]
    assert lines[at + 1].startswith("  groups: ")
    assert verify_number(broken.number)[1] == 2
    path.write_bytes(whole)
    assert verify_number(broken.number)[1] == 0

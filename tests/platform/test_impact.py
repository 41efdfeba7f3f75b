"""Did it work: from published results to a sealed result, and what may be said when the design breaks."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import pytest
from access_world import signed_in, user_with
from assessment_world import OFFICER, REGION, SECOND_OFFICER, make_world
from django.test import Client
from django.utils import translation
from impact_region import BEGINS, CHOSEN, MATHEMATICS, MAY, exit_test, join, make_region, programme_of, same_draws

from tirek.access.scope import acting_as, loading
from tirek.decisions import queries as journal
from tirek.decisions.services import verify
from tirek.programmes.commands.programme_report import write_report
from tirek.programmes.kinds_impact import COMPARISON, IMPACT
from tirek.programmes.pages.programme_report import programme_report
from tirek.programmes.queries import impact as queries
from tirek.programmes.services.impact import choose_comparison, estimate_impact, publish_impact, withdraw_impact
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _the_same_in_every_run(settings, monkeypatch):
    """Accounts of a demonstration sign in without a second factor; draws do not depend on keys and numbers of rows."""
    settings.DEMONSTRATION = True
    same_draws(monkeypatch)


def chosen(programme, now=CHOSEN, publish=True):
    with acting_as(OFFICER):
        made = choose_comparison(
            slug=programme.slug, outcome=MATHEMATICS, begins=BEGINS, question="Does it raise results?", by=None, now=now
        )
        return publish_impact(slug=programme.slug, number=made.number, by=None, now=now) if publish else made


def estimated(programme, publish=True):
    with acting_as(OFFICER):
        made = estimate_impact(slug=programme.slug, outcome=MATHEMATICS, by=None, now=MAY)
        return publish_impact(slug=programme.slug, number=made.number, by=None, now=MAY) if publish else made


def reasons(decision) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in queries.school_outcomes(decision):
        found[row["reason"]] = found.get(row["reason"], 0) + 1
    return found


class TestFromChoiceToResult:
    def test_the_known_effect_lies_inside_the_interval(self):
        world, programme = make_region()
        choice = chosen(programme)
        assert choice.summary["treated"] == 8
        assert sum(reasons(choice).values()) == len(world.schools)
        exit_test(world, programme)
        result = estimated(programme)
        facts = result.summary
        assert facts["low"] < facts["high"]
        assert facts["low"] > 20  # an effect of one logit is far from nothing
        assert facts["waves_apart"] == 0
        waves = queries.table(result, "waves")
        assert waves["linked"].to_list() == [False, False, True, True]
        assert waves["link_se"][3] > 0
        assert facts["low"] <= facts["low_without_link"]
        assert facts["chosen_before"] == (dt.date(2026, 5, 10) - dt.date(2025, 11, 1)).days
        counted = reasons(result)
        assert counted["counted"] == choice.summary["matched"]
        assert sum(counted.values()) == len(world.schools)
        for number in (choice.number, result.number):
            assert verify(number, now=MAY).agrees
        school = next(row for row in queries.school_outcomes(result) if row["reason"] == "counted")
        with acting_as(OFFICER):
            told = journal.explain(result.number, school["subject"])
        assert "Took part: from" in told.text
        self.check_pages(programme, choice, result)

    def check_pages(self, programme, choice, result):
        """Anybody reads the result; rows of schools are for scopes; files give the numbers again."""
        home = f"/programmes/{programme.slug}/impact/"
        anonymous = Client()
        page = anonymous.get(home, headers={"accept-language": "en"})
        assert page.status_code == 200
        assert result.number in page.content.decode()
        for path in (f"{result.number}/experts/", f"comparison/{choice.number}/", f"{result.number}/tables/balance/"):
            assert anonymous.get(home + path).status_code == 200, path
        for path in (f"{result.number}/schools/", f"{result.number}/folder/", "plan/", "power/"):
            assert anonymous.get(home + path).status_code in (302, 403), path
        office = self.client_of("programme_office", "region", REGION)
        for path in (f"{result.number}/schools/", "plan/", "power/", f"{result.number}/experts/"):
            assert office.get(home + path).status_code == 200, path
        packed = zipfile.ZipFile(io.BytesIO(office.get(home + f"{result.number}/folder/").content))
        panel = packed.read("panel.csv").decode().splitlines()
        assert panel[0] == "school,wave,treated,entry,result,weight"
        assert len(panel) == 1 + 2 * (result.summary["treated_matched"] + result.summary["comparison"])
        head = self.client_of("school_head", "institution", (result.org_lo + 100_010,) * 2)
        rows = head.get(home + f"{result.number}/schools/?download=csv").content.decode().splitlines()
        assert len(rows) == 2  # its own school alone
        assert head.get(home + f"{result.number}/folder/").status_code == 404
        assert office.get(home + "nothing/").status_code == 404
        bad = office.post(home + "plan/", {"outcome": "mathematics-4", "question": "", "begins": "2199-01-01"})
        assert bad.status_code == 422

    def client_of(self, role: str, kind: str, span: tuple[int, int]) -> Client:
        return signed_in(user_with(role, kind, f"{role}-{span[0]}", span))

    def test_the_report_of_the_programme(self, tmp_path):
        """Without results it says so; every part that holds nothing says so."""
        world = make_world(sizes=(10, 10))
        programme = programme_of(world)
        for language, words in (("kk", "Нәтиже берді ме?"), ("ru", "Подействовало?")):
            out = tmp_path / f"{language}.pdf"
            number = write_report(programme.slug, out, language, dt.date(2025, 12, 1))
            assert out.read_bytes().startswith(b"%PDF")
            with translation.override(language), loading():
                report = programme_report(programme, on=dt.date(2025, 12, 1))
            assert number
            assert len(report.sections) == 8
            assert words in report.sections[-1].title
            assert all(section.paragraphs for section in report.sections)
        with pytest.raises(Refusal) as refused:
            write_report("nothing", tmp_path / "no.pdf", "kk", None)
        assert refused.value.code == "no_such_programme"


class TestWhatIsRefused:
    def test_the_steps_in_their_order_and_rights(self):
        world, programme = make_region(treated=6, schools=16)
        ask = {"slug": programme.slug, "outcome": MATHEMATICS, "by": None}
        with acting_as(OFFICER):
            with pytest.raises(Refusal, match="not chosen"):
                estimate_impact(**ask, now=MAY)
            with pytest.raises(Refusal, match="in words"):
                choose_comparison(**ask, begins=BEGINS, question=" ", now=CHOSEN)
            with pytest.raises(Refusal, match="future"):
                choose_comparison(**ask, begins=dt.date(2030, 1, 1), question="?", now=CHOSEN)
            with pytest.raises(Refusal) as refused:
                choose_comparison(**ask, begins=dt.date(2024, 12, 1), question="?", now=CHOSEN)
            assert refused.value.code == "few_earlier_waves"
        with acting_as(SECOND_OFFICER), pytest.raises(Refusal) as refused:
            choose_comparison(**ask, begins=BEGINS, question="?", now=CHOSEN)
        assert refused.value.code == "not_allowed"
        choice = chosen(programme)
        with acting_as(OFFICER):
            same = choose_comparison(**ask, begins=BEGINS, question="Does it raise results?", now=CHOSEN)
            assert same.number == choice.number
            with pytest.raises(Refusal, match="not published yet"):
                estimate_impact(**ask, now=MAY)
            with pytest.raises(Refusal, match="why"):
                withdraw_impact(slug=programme.slug, number=choice.number, because=" ", by=None, now=MAY)
        self.check_moved(world, programme, choice)

    def check_moved(self, world, programme, choice):
        """A school joins after the draft: the draft may no longer be published."""
        with acting_as(OFFICER):
            draft = choose_comparison(
                slug=programme.slug,
                outcome=MATHEMATICS,
                begins=BEGINS,
                question="Another question",
                by=None,
                now=CHOSEN,
            )
        join(programme, [world.schools[12].org_no])
        with acting_as(OFFICER):
            with pytest.raises(Refusal) as refused:
                publish_impact(slug=programme.slug, number=draft.number, by=None, now=CHOSEN)
            assert refused.value.code == "inputs_moved"
            gone = withdraw_impact(slug=programme.slug, number=choice.number, because="A mistake", by=None, now=MAY)
            assert gone.state == "withdrawn"
            assert queries.published(programme, COMPARISON, MATHEMATICS) is None
            assert queries.published(programme, IMPACT, MATHEMATICS) is None

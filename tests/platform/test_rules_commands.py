"""`tirek rules`: what is in force, what an act would change, and loading it once, signed, for one's own territory."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from access_world import ALWAYS, REGION, user_with
from click.testing import CliRunner

from tirek.access.roles import Role
from tirek.access.scope import loading
from tirek.decisions.commands.rules import rules
from tirek.decisions.models import LocalRule
from tirek.registry.models import Territory, TerritoryLevel

NAME = "assessment.publication"
pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    with loading():
        Territory.objects.create(
            code="470000000", iso_3166_2="KZ-47", level=TerritoryLevel.REGION, name_kk="Маңғыстау", name_ru="Мангистау",
            name_en="Mangystau", org_lo=REGION[0], org_hi=REGION[1], valid=ALWAYS,
        )  # fmt: skip
    return user_with(Role.REGIONAL_OFFICER, name="aigul")


@pytest.fixture
def act(tmp_path):
    """Writes an act with values for the smallest group that is published."""

    def write(*values: str, rule: str = "minimal_group") -> str:
        lines = "\n".join(f"    - {{{value}}}" for value in values)
        text = (
            f"{rule}:\n  description: {{kk: Топ, ru: Группа, en: Smallest group}}\n  unit: persons\n  type: integer\n"
            f"  act: {{kk: Бұйрық 12, ru: Приказ 12, en: Order 12}}\n  clause: '3'\n  values:\n{lines}\n"
        )
        (tmp_path / "act.yaml").write_text(text)
        return str(tmp_path / "act.yaml")

    return write


def run(*arguments: str):
    return CliRunner().invoke(rules, arguments)


def refused(*arguments: str) -> str:
    done = run(*arguments)
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output
    with loading():
        assert not LocalRule.objects.filter(name="never").exists()
    return done.output


def load(file: str, by: str = "aigul"):
    return ("load", file, "--name", NAME, "--by", by)


def minimal_groups() -> dict[str, str]:
    done = run("list", "--name", NAME, "--on", "2027-01-01", "--json")
    assert done.exit_code == 0, done.output
    return {r["territory"]: r["value"] for r in json.loads(done.output) if r["rule"] == f"{NAME}.minimal_group"}


def test_an_act_is_compared_loaded_signed_and_then_in_force(officer, act):
    file = act("from: 2026-09-01, value: 15, territory: KZ-47")
    before = minimal_groups()
    compared = run("diff", file, "--name", NAME)
    assert compared.exit_code == 0, compared.output
    assert "1 changes." in compared.output or "minimal_group" in compared.output
    assert minimal_groups() == before, "comparing loads nothing"
    done = run(*load(file))
    assert done.exit_code == 0, done.output
    digest = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    assert f"Loaded {NAME} {digest[:12]}, in force from 2026-09-01." in done.output
    with loading():
        kept = LocalRule.objects.get(sha256=digest)
    assert (kept.loaded_by_id, kept.loaded_by_name) == (officer.pk, str(officer))
    assert (kept.org_lo, kept.org_hi) == REGION
    assert minimal_groups() == before | {"KZ-47": "15"}


def test_the_same_act_is_not_loaded_twice_nor_a_past_value_rewritten(officer, act):
    file = act("from: 2024-09-01, value: 15, territory: KZ-47")
    assert run(*load(file)).exit_code == 0
    assert "was loaded already" in refused(*load(file))
    again = refused(*load(act("from: 2024-09-01, value: 5, territory: KZ-47")))
    assert "has a value for KZ-47 from 2024-09-01 already" in again
    assert minimal_groups()["KZ-47"] == "15"


@pytest.mark.parametrize("command", ["diff", "load"])
def test_unreadable_yaml_is_refused_with_its_line(officer, tmp_path, command):
    broken = tmp_path / "broken.yaml"
    broken.write_text("minimal_group:\n  unit: persons\n  values: [\n")
    arguments = load(str(broken)) if command == "load" else ("diff", str(broken), "--name", NAME)
    said = refused(*arguments)
    assert "not readable YAML" in said
    assert "line 4" in said


def test_a_value_of_the_wrong_kind_names_its_place(officer, act):
    assert "wanted integer" in refused(*load(act("from: 2026-09-01, value: ten, territory: KZ-47")))


def test_a_rule_that_nothing_reads_is_refused(officer, act):
    said = refused(*load(act("from: 2026-09-01, value: 5, territory: KZ-47", rule="colour")))
    assert f"No decision reads {NAME}.colour" in said


@pytest.mark.parametrize("where", ["", ", territory: KZ-61"])
def test_nobody_sets_rules_outside_the_own_territory(officer, act, where):
    assert "You may not set rules for KZ" in refused(*load(act(f"from: 2026-09-01, value: 5{where}")))


def test_who_may_not_load_rules_is_told_so(officer, act):
    user_with(Role.PROGRAMME_OFFICE, name="fund")
    file = act("from: 2026-09-01, value: 5, territory: KZ-47")
    assert "no user who may do this" in refused(*load(file, by="nobody"))
    assert refused(*load(file, by="fund"))
    assert "KZ-47" not in minimal_groups()

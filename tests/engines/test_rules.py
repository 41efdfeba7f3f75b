"""Dated rules: look-up by day and territory, and clear errors for a wrong file."""

import datetime
from decimal import Decimal

import pytest
import yaml

from tirek_engines.assessment import PublicationRules, assessment_rules
from tirek_engines.rules import BadRules, NoRuleInForce, RuleBook, compare, load_rules, parse_rules, rows

DAY = datetime.date


def body(**changes):
    texts = {"kk": "а", "ru": "б", "en": "c"}
    return {
        "description": texts, "unit": "persons", "type": "integer", "act": texts, "clause": "7",
        "values": [
            {"from": DAY(2024, 1, 1), "value": 10},
            {"from": DAY(2025, 1, 1), "value": 12},
            {"from": DAY(2024, 6, 1), "value": 8, "territory": "KZ-47"},
            {"from": DAY(2026, 1, 1), "value": None, "territory": "KZ-47"},
            {"from": DAY(2025, 3, 1), "value": 5, "territory": "KZ-47-AKT"},
        ],
        **changes,
    }  # fmt: skip


def parse(**changes):
    return parse_rules(yaml.safe_dump({"size": body(**changes)}).encode(), "t.file", "t/file.yaml")


@pytest.mark.parametrize(
    ("day", "line", "value"),
    [
        (DAY(2024, 1, 1), "KZ", 10),
        (DAY(2024, 12, 31), "KZ", 10),
        (DAY(2025, 1, 1), "KZ", 12),
        (DAY(2024, 5, 31), ["KZ", "KZ-47"], 10),
        (DAY(2024, 6, 1), ["KZ", "KZ-47"], 8),
        (DAY(2025, 6, 1), ["KZ", "KZ-47"], 8),
        (DAY(2026, 1, 1), ["KZ", "KZ-47"], 12),
        (DAY(2025, 2, 28), ["KZ", "KZ-47", "KZ-47-AKT"], 8),
        (DAY(2025, 3, 1), ["KZ", "KZ-47", "KZ-47-AKT"], 5),
        (DAY(2025, 3, 1), ["KZ", "KZ-61"], 12),
        (DAY(2025, 3, 1), "KZ-47", 8),
    ],
)
def test_the_narrowest_territory_with_a_value_on_that_day_wins(day, line, value):
    (rule,) = parse()
    assert rule.at(day, line) == value


def test_before_the_first_day_there_is_no_rule():
    (rule,) = parse()
    with pytest.raises(NoRuleInForce, match="no value on 2023-12-31 for KZ"):
        rule.at(DAY(2023, 12, 31))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"type": "number"}, "type is number"),
        ({"description": {"ru": "б", "en": "c"}}, "description lacks kk"),
        ({"values": []}, "values must be a list"),
        ({"values": [{"from": "soon", "value": 1}]}, "from is soon"),
        ({"values": [{"from": DAY(2024, 1, 1), "value": "ten"}]}, "wanted integer"),
        ({"values": [{"from": DAY(2024, 1, 1), "value": True}]}, "wanted integer"),
        ({"values": [{"from": DAY(2024, 1, 1), "value": 2.5}]}, "wanted integer"),
        ({"values": [{"from": DAY(2024, 1, 1), "value": None}]}, "only a local rule"),
        ({"values": [{"from": DAY(2024, 1, 1), "value": 1}] * 2}, "repeats KZ from 2024-01-01"),
        ({"minimum": 11}, "value is 10, wanted 11"),
        ({"colour": "red"}, "unknown key colour"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(changes, says):
    with pytest.raises(BadRules, match=says):
        parse(**changes)


def test_broken_yaml_and_a_key_twice():
    with pytest.raises(BadRules, match="not readable YAML"):
        parse_rules(b"a: [", "t", "t.yaml")
    with pytest.raises(BadRules, match="stands twice"):
        parse_rules(b"a: {}\na: {}", "t", "t.yaml")


def test_decimals_are_read_as_written():
    (rule,) = parse(type="decimal", values=[{"from": DAY(2024, 1, 1), "value": 0.1}])
    assert rule.at(DAY(2024, 1, 1)) == Decimal("0.1")


def test_the_shipped_rules_are_whole_and_say_that_they_are_demonstration():
    book = assessment_rules()
    found = PublicationRules.at(book, DAY(2026, 9, 1), ["KZ", "KZ-47"])
    assert (found.minimal_group, found.centre, found.spread) == (10, 500, 100)
    assert all(rule.demonstration for rule in book)
    assert len(list(rows(book))) == sum(len(r.values) for r in book)


def test_digests_change_with_the_bytes_and_differences_are_listed(tmp_path):
    folder = tmp_path / "t" / "rules"
    folder.mkdir(parents=True)
    (folder / "file.yaml").write_text(yaml.safe_dump({"size": body()}))
    before = load_rules(folder)
    (folder / "file.yaml").write_text(yaml.safe_dump({"size": body(clause="8")}))
    after = load_rules(folder)
    assert before.digest != after.digest
    assert [(c.rule, c.what, c.before, c.after) for c in compare(before, after)] == [
        ("t.file.size", "clause", "7", "8")
    ]


def test_a_local_act_adds_values_but_cannot_overwrite():
    base = RuleBook({"t.file.size": parse()[0]}, {"t/file.yaml": "a"})
    local = parse(values=[{"from": DAY(2025, 1, 1), "value": 6, "territory": "KZ-61"}])[0]
    joined = base.joined(RuleBook({local.name: local}, {"local.yaml": "b"}))
    assert joined["t.file.size"].at(DAY(2025, 1, 1), ["KZ", "KZ-61"]) == 6
    assert joined["t.file.size"].at(DAY(2025, 1, 1)) == 12
    with pytest.raises(BadRules, match="already"):
        base.joined(RuleBook({"t.file.size": parse()[0]}, {"x": "c"}))

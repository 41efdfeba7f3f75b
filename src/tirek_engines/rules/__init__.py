"""Dated rules: the numbers that a law or a regional act sets, as YAML that a lawyer can read.

>>> from tirek_engines.rules import load_rules
"""

from tirek_engines.rules.reader import (
    REPUBLIC,
    Act,
    BadRules,
    NoRuleInForce,
    Rule,
    RuleBook,
    RuleValue,
    load_rules,
    parse_rules,
)
from tirek_engines.rules.views import Change, compare, rows

__all__ = [
    "REPUBLIC",
    "Act",
    "BadRules",
    "Change",
    "NoRuleInForce",
    "Rule",
    "RuleBook",
    "RuleValue",
    "compare",
    "load_rules",
    "parse_rules",
    "rows",
]

"""Which model a test and each of its items are calibrated with: what the dated rules of the day say. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import polars as pl
from django.utils.translation import gettext as _

from tirek.assessment.refusals import NotGoodEnough
from tirek.decisions.rules import RuleSet
from tirek_engines.psychometrics.options import MODELS

NOTHING = "-"
KIND = "@"


def model_of(rules: RuleSet, parameters: Mapping[str, Any]) -> str:
    """The model of a test: of its subject, unless the rules name the test itself."""
    subject = parameters.get("subject")
    chosen = str(rules.value(f"model_{subject}")) if subject else "rasch"
    for test, item, model in _exceptions(rules):
        if item == "*" and fnmatchcase(str(parameters.get("test", "")), test):
            chosen = model
    return _known(chosen)


def models_of(rules: RuleSet, parameters: Mapping[str, Any], items: pl.DataFrame) -> dict[str, str]:
    """Items with a model of their own; of several entries that fit, the last one counts."""
    test, found = str(parameters.get("test", "")), {}
    kinds = items["kind"].to_list() if "kind" in items.columns else [""] * items.height
    for of_test, of_item, model in _exceptions(rules):
        if of_item == "*" or not fnmatchcase(test, of_test):
            continue
        for code, kind in zip(items["item"].to_list(), kinds, strict=True):
            fits = kind == of_item.removeprefix(KIND) if of_item.startswith(KIND) else fnmatchcase(code, of_item)
            if fits:
                found[code] = _known(model)
    return found


def _exceptions(rules: RuleSet) -> list[tuple[str, str, str]]:
    """Patterns of test and item ("*": the whole test) with their models, in order."""
    text, rows = str(rules.value("models_of_tests")).strip() if rules.has("models_of_tests") else NOTHING, []
    for part in re.split(r"[,;\s]+", "" if text == NOTHING else text):
        if not part:
            continue
        place, sign, model = part.partition("=")
        if not sign:
            raise NotGoodEnough(
                _("The rules on models are not understood at “%(part)s”. Write TEST=model or TEST:ITEM=model.")
                % {"part": part},
                code="unknown_model",
            )
        test, _colon, item = place.partition(":")
        rows.append((test, item or "*", model))
    return rows


def _known(model: str) -> str:
    if model not in MODELS:
        raise NotGoodEnough(
            _("The rules name a model that is not known: %(model)s. Known are %(known)s.")
            % {"model": model, "known": ", ".join(MODELS)},
            code="unknown_model",
        )
    return model

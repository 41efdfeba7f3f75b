"""What a run says, in whole sentences: "effect" only where the design allows it, else "change"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from tirek.assessment.reports.sections import decimal
from tirek_engines.programmes.impact import EFFECT

PASSED, FAILED, UNKNOWN = "passed", "failed", "unknown"


def is_sure(facts: Mapping[str, Any]) -> bool:
    """Whether the interval leaves zero out."""
    return facts["low"] is not None and facts["high"] is not None and not facts["low"] <= 0.0 <= facts["high"]


def headline(facts: Mapping[str, Any]) -> str:
    """The result in one sentence."""
    numbers = {
        "estimate": decimal(abs(facts["estimate"]), 1), "signed": decimal(facts["estimate"], 1),
        "low": decimal(facts["low"], 1), "high": decimal(facts["high"], 1),
    }  # fmt: skip
    if facts["low"] is None or facts["high"] is None:
        return _without_interval(facts) % numbers
    if facts["claim"] == EFFECT:
        return _effect(facts) % numbers
    return (_compared(facts) if facts["comparison"] else _alone(facts)) % numbers


def _without_interval(facts: Mapping[str, Any]) -> str:
    return _(
        "The results of the schools that take part changed by %(signed)s points against the others, but with so few schools it"
        " cannot be said how sure that is. Nothing should be concluded from it."
    )


def _effect(facts: Mapping[str, Any]) -> str:
    if not is_sure(facts):
        return _(
            "An effect of the programme cannot be told from chance: every value from %(low)s to %(high)s points agrees with"
            " the results."
        )
    if facts["estimate"] > 0:
        return _(
            "The programme raised the results by %(estimate)s points; the true effect lies between %(low)s and %(high)s."
        )
    return _(
        "The programme lowered the results by %(estimate)s points; the true effect lies between %(low)s and %(high)s."
    )


def _compared(facts: Mapping[str, Any]) -> str:
    if not is_sure(facts):
        return _(
            "The results of the schools that take part changed no differently from those of the comparison schools, as far as"
            " chance lets us tell: the difference lies between %(low)s and %(high)s points. This is a change and not an effect."
        )
    if facts["estimate"] > 0:
        return _(
            "The results of the schools that take part changed by %(estimate)s points more than those of the comparison schools"
            " (between %(low)s and %(high)s). This is a change, not an effect of the programme: the comparison does not bear it."
        )
    return _(
        "The results of the schools that take part changed by %(estimate)s points less than those of the comparison schools"
        " (between %(low)s and %(high)s). This is a change, not an effect of the programme: the comparison does not bear it."
    )


def _alone(facts: Mapping[str, Any]) -> str:
    if not is_sure(facts):
        return _(
            "The results of the schools that take part have not changed beyond chance: the change lies between %(low)s and"
            " %(high)s points. Nobody was compared with them."
        )
    if facts["estimate"] > 0:
        return _(
            "The results of the schools that take part rose by %(estimate)s points (between %(low)s and %(high)s). This is a"
            " change, not an effect of the programme: there is nobody to compare with."
        )
    return _(
        "The results of the schools that take part fell by %(estimate)s points (between %(low)s and %(high)s). This is a"
        " change, not an effect of the programme: there is nobody to compare with."
    )


def figure_label(facts: Mapping[str, Any]) -> str:
    """What the large figure is."""
    if facts["claim"] == EFFECT:
        return _("Effect of the programme, points")
    if facts["comparison"]:
        return _("Difference of the changes, points")
    return _("Change, points")


def in_spreads(facts: Mapping[str, Any]) -> str:
    """The size in standard deviations of pupils, where it is known."""
    if facts.get("estimate_sd") is None:
        return ""
    return _("This is %(size)s of the standard deviation of pupils’ results before the programme (%(sd)s points).") % {
        "size": decimal(facts["estimate_sd"], 2), "sd": decimal(facts["reference_sd"], 0),
    }  # fmt: skip


def does_not_say(facts: Mapping[str, Any], outcome: str) -> list[str]:
    """What must not be read out of the page."""
    found = [
        _(
            "It says nothing about single schools: one school’s change is mostly chance. It is the mean of %(schools)s schools."
        )
        % {"schools": facts["treated_matched"] or facts["treated"]},
        _("It speaks of %(outcome)s only, and of the pupils who sat the tests.") % {"outcome": outcome},
    ]
    if facts["comparison"]:
        found.append(
            _(
                "Whatever else happened in the schools that take part at the same time, and not in the others, is a part of it."
            )
        )
    else:
        found.append(_("Results may have changed everywhere in these years, with or without the programme."))
    if facts["comparison"] and facts["treated_matched"] < facts["treated"]:
        found.append(
            _(
                "%(left)s of %(all)s schools that take part had no school like them to be compared with, and do not count."
            )
            % {"left": facts["treated"] - facts["treated_matched"], "all": facts["treated"]}
        )
    return found


def check_words(check: Mapping[str, Any]) -> dict[str, Any]:
    """A check as pages and PDFs show it: its state, its sentence, whether it forbids the word effect."""
    state = UNKNOWN if check["passed"] is None else PASSED if check["passed"] else FAILED
    numbers = {
        name: value if isinstance(value, int) else decimal(value, _places(name))
        for name, value in check["numbers"].items()
    }
    words = _SENTENCES[check["code"]]()[state]
    if check["code"] == "few_treated" and state == FAILED and "p" not in check["numbers"]:
        words = _("Only %(schools)s schools count: errors and interval are not to be trusted.")
    return {
        "state": state,
        "words": words % numbers,
        "forbids": bool(check["blocking"] and state == FAILED),
        "code": check["code"],
    }


def _places(name: str) -> int:
    return 3 if name == "p" else 1 if name in ("treated", "comparison", "share") else 2


def _comparison() -> dict[str, str]:
    return {
        PASSED: _("There are %(schools)s comparison schools."),
        FAILED: _("There are no comparison schools: what changed may have changed everywhere."),
    }


def _chosen_before() -> dict[str, str]:
    return {
        PASSED: _("The comparison schools were chosen %(days)s days before the first test after the start was sat."),
        FAILED: _(
            "The comparison schools were chosen %(days)s days after the first later test was sat: whoever chose could have known"
            " the results."
        ),
        UNKNOWN: _("It does not matter when the comparison was chosen, because there is none."),
    }


def _balance() -> dict[str, str]:
    return {
        PASSED: _(
            "Before the programme both sides were alike: the largest difference is %(largest)s standard deviations."
        ),
        FAILED: _(
            "Before the programme both sides differed by %(largest)s standard deviations; above %(wanted)s they are not"
            " comparable."
        ),
        UNKNOWN: _("It is not known how alike both sides were before."),
    }


def _pretrend() -> dict[str, str]:
    return {
        PASSED: _("Before the programme the results of both sides moved alike (joint test, p = %(p)s)."),
        FAILED: _(
            "Before the programme the results of both sides already moved apart (joint test, p = %(p)s, below %(wanted)s)."
        ),
        UNKNOWN: _("There are too few earlier results to test whether both sides moved alike before."),
    }


def _few_treated() -> dict[str, str]:
    return {
        PASSED: _("Schools that take part and count: %(schools)s."),
        FAILED: _(
            "Only %(schools)s schools that take part count; with fewer than %(wanted)s the randomisation test is what tells:"
            " p = %(p)s."
        ),
    }


def _one_treated() -> dict[str, str]:
    return {
        FAILED: _(
            "Only one school that takes part counts: the effect of a programme cannot be told from what is peculiar to that"
            " school."
        ),
    }


def _variance() -> dict[str, str]:
    return {
        PASSED: _("The schools’ changes differ, so that an error can be told."),
        FAILED: _(
            "All schools changed exactly alike or no error can be told, which real results never show. Look at the data."
        ),
    }


def _unmatched() -> dict[str, str]:
    return {
        PASSED: _("Every school that takes part has comparison schools."),
        FAILED: _(
            "%(schools)s of %(of)s schools that take part have no comparison school near enough and do not count."
        ),
        UNKNOWN: _("No school has been matched."),
    }


def _attrition() -> dict[str, str]:
    numbers = _(
        "Without results of every wave: %(treated)s %% of the schools that take part, %(comparison)s %% of the others."
    )
    return {
        PASSED: numbers,
        FAILED: _(
            "Without results of every wave: %(treated)s %% of the schools that take part, %(comparison)s %% of the others. Those"
            " who are missing may have differed."
        ),
    }


def _ceiling() -> dict[str, str]:
    return {
        PASSED: _("%(share)s %% of the pupils reached the highest score at most, so that there was room to grow."),
        FAILED: _("%(share)s %% of the pupils reached the highest score: the test was too easy to show more growth."),
        UNKNOWN: _("How many pupils reached the highest score is not known: results were brought in without answers."),
    }


def _scale() -> dict[str, str]:
    return {
        PASSED: _("All waves that are compared stand on one scale by common items."),
        FAILED: _(
            "The tests before and after are not linked by common items; they were put on one scale by their spread, which cannot"
            " show an effect."
        ),
    }


def _left() -> dict[str, str]:
    return {
        PASSED: _("No school has left the programme."),
        FAILED: _("%(schools)s schools have left the programme; they are counted as having taken part."),
    }


def _merged() -> dict[str, str]:
    return {
        PASSED: _("No school was merged or divided in these years."),
        FAILED: _("%(schools)s schools were merged or divided in these years and do not count."),
    }


_SENTENCES = {
    "comparison": _comparison, "chosen_before": _chosen_before, "balance": _balance, "pretrend": _pretrend,
    "few_treated": _few_treated, "one_treated": _one_treated, "variance": _variance, "unmatched": _unmatched,
    "attrition": _attrition, "ceiling": _ceiling, "scale": _scale, "left": _left, "merged": _merged,
}  # fmt: skip


def estimator_words(design: str, estimand: str) -> str:
    """Name of an estimate."""
    designs = {
        "main": _("matched schools, each school counts once"),
        "by_pupils": _("matched schools, weighted by pupils"),
        "unmatched": _("all schools, without matching"),
        "alone": _("before and after, without comparison"),
    }
    estimands = {
        "did": _("differences in differences"), "change": _("change"), "att_simple": _("by wave of entry, all together"),
        "att_dynamic": _("by wave of entry, mean over the time since"), "att_group": _("by wave of entry, mean over groups"),
        "att_calendar": _("by wave of entry, mean over waves"),
    }  # fmt: skip
    name = estimands.get(estimand) or _("by wave of entry, group %(group)s") % {
        "group": estimand.removeprefix("att_group_")
    }
    return f"{name}; {designs[design]}"


def fact_words(fact: str, waves: Mapping[str, str]) -> str:
    """Name of a row of the balance."""
    return (
        _("Size, logarithm of pupils")
        if fact == "size"
        else _("Mean result, %(wave)s") % {"wave": waves.get(fact, fact)}
    )


def verdict_words(smd: float) -> str:
    """How alike, by the bounds of the What Works Clearinghouse."""
    size = abs(smd)
    if size <= 0.05:
        return _("alike")
    return _("differs a little, must be adjusted for") if size <= 0.25 else _("not comparable")

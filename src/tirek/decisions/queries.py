"""Questions about decisions. Every answer is within the asker's scope: the database's policies see to it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.utils import translation
from django.utils.formats import number_format

from tirek.decisions.kinds import Kind, Place, kind_of
from tirek.decisions.models import Decision, Outcome, State, Verification
from tirek.storage.sealed import Sealed, read, unseal
from tirek_engines.errors import Refusal

NUMBER = re.compile(r"D-\d{4}-\d{6,9}")
LANGUAGES = ("kk", "ru", "en")
PUBLISHED = State.PUBLISHED.value
STATES = [(state.value, state.label) for state in State if state != State.RECORDING]


class NothingToExplain(Refusal):
    """This decision says nothing about this subject that the asker may read."""

    code = "nothing_to_explain"
    http_status = 404


@dataclass(frozen=True)
class Explanation:
    """Why one subject got what it got: its own numbers and the thresholds, nobody else's."""

    number: str
    kind: Kind
    state: str
    made_at: Any
    subject_kind: str
    subject: str
    result: Mapping[str, Any]
    reason: str
    numbers: Mapping[str, Any]
    texts: Mapping[str, str]
    rule: str
    rule_version: str
    rule_sha256: str
    rule_place: str
    rule_date: Any
    engine: Place
    engine_version: str

    @property
    def text(self) -> str:
        """The reason in the language of the reader."""
        return self.texts.get((translation.get_language() or "en")[:2], self.texts["en"])

    @property
    def labelled_numbers(self) -> list[tuple[str, str]]:
        return [(str(self.kind.numbers[name]), shown(value)) for name, value in self.numbers.items()]


def decisions():
    """Decisions that the asker sees, the newest first; not those being recorded."""
    return Decision.objects.exclude(state=State.RECORDING).order_by("-made_at", "-id")


def decision(number: str) -> Decision:
    wanted = number.strip().upper()
    found = decisions().select_related("supersedes").filter(number=wanted).first() if NUMBER.fullmatch(wanted) else None
    if found is None:
        raise NothingToExplain(f"There is no decision {number} that you may read.", number=number)
    return found


def state_kept(number: str) -> str:
    """The state of a decision, which nobody changes until the caller's transaction ends."""
    return Decision.objects.select_for_update().values_list("state", flat=True).get(number=number)


def published_of(kind: str, parameters: Mapping[str, Any], within: tuple[int, int] | None = None):
    """Published decisions of a kind with these parameters, the newest first; of a territory, if one is given."""
    found = decisions().filter(kind=kind, state=State.PUBLISHED, parameters__contains=dict(parameters))
    return found if within is None else found.filter(org_lo__gte=within[0], org_hi__lte=within[1])


def outcomes(of: Decision):
    return Outcome.objects.filter(decision=of).order_by("subject_kind", "org_no", "subject")


def outcomes_of_person(person_id: int):
    """All that was decided about one person, as far as the asker may read it."""
    return Outcome.objects.filter(person_id=person_id).select_related("decision").order_by("-decision__made_at")


def outcome_counts(of: Decision) -> list[tuple[str, str, int]]:
    """Kind of subject, reason and number of the outcomes that the asker sees."""
    rows = Outcome.objects.filter(decision=of).values_list("subject_kind", "reason").annotate(n=Count("id"))
    return list(rows.order_by("subject_kind", "reason"))


def sealed_bytes(of: Decision, name: str) -> tuple[bytes, str]:
    """A sealed file of a decision as stored, and its format. The right to have it is the caller's to check."""
    kept = {**of.outputs, **of.inputs, "rules": of.rule_seal}.get(name)
    if kept is None:
        raise NothingToExplain(f"{of.number} has no sealed file “{name}”.", number=of.number)
    return read(kept["sha256"]), kept["format"]


def table(of: Decision, name: str):
    """One of the sealed inputs or outputs, checked and read back."""
    kept = of.inputs.get(name) or of.outputs.get(name)
    if kept is None:
        raise NothingToExplain(f"{of.number} has no sealed file “{name}”.", number=of.number)
    return unseal(Sealed.from_dict(kept))


def outcome_rows(frame) -> list[dict[str, Any]]:
    """Sealed outcomes as dicts, with ``result`` and ``numbers`` read."""
    rows = frame.to_dicts()
    for row in rows:
        row["result"], row["numbers"] = json.loads(row["result"]), json.loads(row["numbers"])
    return rows


def chain(of: Decision) -> list[Decision]:
    """The decisions that this one supersedes and that supersede it, the oldest first."""
    found = [of]
    while found[0].supersedes is not None:
        found.insert(0, found[0].supersedes)
    while (after := decisions().filter(supersedes=found[-1]).exclude(state=State.WITHDRAWN).last()) is not None:
        found.append(after)
    return found


def verifications(of: Decision):
    return Verification.objects.filter(decision=of).order_by("-at", "-id")


def explain(number: str, subject: str, subject_kind: str | None = None) -> Explanation:
    """The outcome of one subject (its code, or its id in the register) and why."""
    of = decision(number)
    subject = subject.replace("\x00", "")
    found = Outcome.objects.filter(decision=of, subject=subject)
    if not found.exists() and subject.isascii() and subject.isdigit() and len(subject) < 19:
        found = Outcome.objects.filter(decision=of, subject_id=int(subject))
    if subject_kind:
        found = found.filter(subject_kind=subject_kind)
    outcome = found.order_by("subject_kind").first()
    if outcome is None:
        raise NothingToExplain(
            f"{of.number} says nothing about “{subject}” that you may read. Check the code.", number=of.number
        )
    return explanation(of, outcome)


def explanation(of: Decision, outcome: Outcome) -> Explanation:
    kind = kind_of(of.kind)
    numbers = {name: value for name, value in outcome.numbers.items() if name in kind.numbers}
    return Explanation(
        number=of.number,
        kind=kind,
        state=of.state,
        made_at=of.made_at,
        subject_kind=outcome.subject_kind,
        subject=outcome.subject,
        result=outcome.result,
        reason=outcome.reason,
        numbers=numbers,
        texts=reason_texts(kind, outcome.reason, numbers),
        rule=of.rule,
        rule_version=of.rule_version,
        rule_sha256=of.rule_sha256,
        rule_place=of.rule_seal["place"],
        rule_date=of.rule_date,
        engine=kind.engine_place(),
        engine_version=of.engine_version,
    )


def reason_texts(kind: Kind, reason: str, numbers: Mapping[str, Any]) -> dict[str, str]:
    """The reason's sentence in the three languages, with the subject's own numbers in it."""
    texts = {}
    for language in LANGUAGES:
        with translation.override(language):
            texts[language] = str(kind.reasons[reason]) % _Shown(numbers)
    return texts


def reason_in_general(kind: Kind, reason: str) -> str:
    """The reason's sentence in the reader's language, with a gap where a subject's own numbers would stand."""
    return str(kind.reasons[reason]) % _Gaps()


class _Gaps(dict):
    def __missing__(self, name: str) -> str:
        return "…"


class _Shown(dict):
    """Numbers as sentences show them; one that is not known is a dash."""

    def __getitem__(self, name: str) -> str:
        return shown(self.get(name))


def shown(value: Any) -> str:
    """A number in the reader's form, a text as it is, nothing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return number_format(value, use_l10n=True, force_grouping=abs(value) >= 10_000)

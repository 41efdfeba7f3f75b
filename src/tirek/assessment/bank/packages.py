"""Between the bank's versions and QTI's tasks."""

from __future__ import annotations

from collections.abc import Iterable

from tirek.assessment.bank.facts import VersionFacts, facts_of, keep_picture
from tirek.assessment.bank.validity import PictureFacts
from tirek.assessment.bank.wording import LANGUAGES, Wording, wording
from tirek.assessment.files import qti
from tirek.storage import sealed

ENDINGS = {"image/png": ".png", "image/jpeg": ".jpg", "image/svg+xml": ".svg"}


def package(pairs: Iterable[tuple]) -> bytes:
    """Items with their versions as a QTI 3 package."""
    return qti.write(_task(item, facts_of(version)) for item, version in pairs)


def _task(item, facts: VersionFacts) -> qti.QtiTask:
    return qti.QtiTask(
        code=item.code,
        title=item.content_area or item.code,
        kind=item.kind,
        key=facts.key,
        max_score=item.max_score,
        tolerance=facts.tolerance,
        wordings={language: _wording(item, facts, language, held) for language, held in facts.wordings.items()},
    )


def _wording(item, facts: VersionFacts, language: str, held: Wording) -> qti.Wording:
    pictures = tuple(
        qti.Picture(
            f"{item.code}-{number}{ENDINGS[p.media_type]}",
            p.media_type,
            sealed.read(p.sha256),
            p.words.get(language, ""),
        )
        for number, p in enumerate(facts.pictures, start=1)
        if p.serves(language)
    )
    return qti.Wording(held.stem, held.options, pictures)


def version_of(task: qti.QtiTask, before: VersionFacts | None) -> VersionFacts:
    """A task as the bank would keep it; languages that the file lacks stay as they were."""
    wordings = {language: wording(w.stem, w.options) for language, w in task.wordings.items()}
    kept = {} if before is None else {c: w for c, w in before.wordings.items() if c not in wordings}
    pictures = [p for p in (before.pictures if before else ()) if p.language in kept]
    shared = [p for p in (before.pictures if before else ()) if not p.language]
    pictures += [_only(p, language) for p in shared for language in kept]
    merged = {language: (wordings | kept)[language] for language in LANGUAGES if language in wordings | kept}
    return VersionFacts(
        merged,
        task.key,
        task.tolerance or (before.tolerance if before else ""),
        tuple(_joined(pictures + _pictures(task), list(merged))),
    )


def _only(picture: PictureFacts, language: str) -> PictureFacts:
    return PictureFacts(
        picture.name, picture.sha256, picture.media_type, language, {language: picture.words.get(language, "")}
    )


def _pictures(task: qti.QtiTask) -> list[PictureFacts]:
    found = []
    for language, held in task.wordings.items():
        for picture in held.pictures:
            media_type, digest = keep_picture(picture.data)
            found.append(PictureFacts(picture.name, digest, media_type, language, {language: picture.words}))
    return found


def _joined(pictures: list[PictureFacts], languages: list[str]) -> list[PictureFacts]:
    """One picture for all languages where each has the same one."""
    by_digest: dict[str, dict[str, PictureFacts]] = {}
    for picture in pictures:
        by_digest.setdefault(picture.sha256, {})[picture.language] = picture
    found: list[PictureFacts] = []
    for digest, held in by_digest.items():
        first = next(iter(held.values()))
        if set(held) >= set(languages):
            words = {language: held[language].words.get(language, "") for language in languages}
            found.append(PictureFacts(first.name, digest, first.media_type, "", words))
        else:
            found += held.values()
    return found

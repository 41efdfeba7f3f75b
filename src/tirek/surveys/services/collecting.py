"""What ODK Collect sends: taken once for each instanceID, files as they come, contradictions kept."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.db import transaction
from django.utils import timezone

from tirek.access.scope import loading
from tirek.storage import sealed
from tirek.storage.pictures import BadPhotograph, redraw
from tirek.surveys.forms.definition import Definition, definition_of
from tirek.surveys.forms.rows import plain_path
from tirek.surveys.models import (
    Channel,
    FormVersion,
    ResponseFile,
    RoundSchool,
    Submission,
    SubmissionConflict,
    SubmissionFile,
)
from tirek.surveys.queries import answering as queries
from tirek.surveys.refusals import NotAnswerable
from tirek.surveys.services.answering import keep_response
from tirek.surveys.services.codes import check_round_open

MOST_XML = 2 * 1024 * 1024
MOST_FILE = 10 * 1024 * 1024
MOST_LEAVES = 5000
MOST_TEXT = 20_000
LATE = dt.timedelta(days=14)
"""How long after the last day a telephone without a connection may still send what it holds."""
FILES = {
    "image/jpeg",
    "image/png",
    "image/webp",
    "audio/amr",
    "audio/mp4",
    "audio/mpeg",
    "audio/x-m4a",
    "video/mp4",
    "video/3gpp",
    "text/csv",
}


@dataclass(frozen=True)
class Sent:
    """A file of a submission, already read."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Taken:
    """What became of a submission: ``new``, ``again`` (nothing changed), ``files`` (more files came) or ``conflict``."""

    state: str
    awaited: tuple[str, ...] = ()


def school_of(*, token: str) -> RoundSchool:
    """The school that a token belongs to."""
    with loading():
        school = queries.school_of_token(token)
    if school is None:
        raise NotAnswerable("This address opens nothing.", code="unknown", http_status=404)
    return school


@transaction.atomic
def take_submission(*, token: str, xml: bytes, files: Sequence[Sent], now: dt.datetime) -> Taken:
    """Keep a submission. Sent again with the same content, nothing changes; with other answers, both are kept."""
    with loading():
        school = queries.school_of_token(token)
        if school is None:
            raise NotAnswerable("This address opens nothing.", code="unknown", http_status=404)
        root = _read(xml)
        version, definition = _version_of(school, root)
        instance_id = _instance_id(root)
        answers, wanted = _answers(root, definition)
        digest = hashlib.sha256(sealed.json_bytes(answers)).hexdigest()
        submission = Submission.objects.select_for_update().filter(round=school.round, instance_id=instance_id).first()
        if submission is None:
            _check_open(school, now)
            submission = _new(school, version, definition, instance_id, digest, answers, wanted, now)
            state = "new"
        elif submission.sha256 == digest:
            state = "again"
        else:
            SubmissionConflict.objects.get_or_create(
                submission=submission, sha256=digest,
                defaults={"org_no": school.org_no, "answers": answers, "received_on": timezone.localdate(now)},
            )  # fmt: skip
            state = "conflict"
        came = _keep_files(submission, files)
        return Taken("files" if state == "again" and came else state, tuple(submission.awaited))


def _check_open(school: RoundSchool, now: dt.datetime) -> None:
    """Collect may come late: it works without a connection. A closed round takes nothing."""
    if school.round.state == "open" and timezone.localdate(now) <= school.round.closes_on + LATE:
        return
    check_round_open(school.round, now)


def _read(xml: bytes) -> Element:
    if len(xml) > MOST_XML:
        raise NotAnswerable("The submission is too large.", code="too_large", http_status=413)
    try:
        return fromstring(xml, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise NotAnswerable("The submission is no XML that is taken.", code="bad_xml", http_status=400) from None


def _plain(tag: str) -> str:
    return tag.rpartition("}")[2]


def _version_of(school: RoundSchool, root: Element) -> tuple[FormVersion, Definition]:
    """The version that the form names; a form that is not this round's is refused."""
    form = school.round.form
    if root.get("id") != form.code:
        raise NotAnswerable(
            f"This address takes the form {form.code}, not {str(root.get('id'))[:80]}.",
            code="other_form",
            http_status=404,
        )
    found = FormVersion.objects.filter(form=form, approved_at__isnull=False)
    version = found.filter(version=(root.get("version") or "")[:60]).first()
    if version is None:
        raise NotAnswerable("Nobody knows this version of the form.", code="other_version", http_status=404)
    return version, definition_of(version.xform_sha256)


def _instance_id(root: Element) -> str:
    for element in root.iter():
        if _plain(element.tag) == "instanceID" and (element.text or "").strip():
            return (element.text or "").strip()[:200]
    raise NotAnswerable("The submission has no instanceID.", code="no_instance_id", http_status=400)


def _answers(root: Element, definition: Definition) -> tuple[dict[str, str], list[str]]:
    """Every answer by its path (rows of a repeat are numbered), without what names the telephone; names of files."""
    dropped = {
        path
        for path, bind in definition.binds.items()
        if bind.preload in ("property", "timestamp", "context", "patient")
    }
    files = {control.path for control in definition.walk() if control.kind == "upload"}
    repeats = {control.path for control in definition.walk() if control.kind == "repeat"}
    found: dict[str, str] = {}
    wanted: list[str] = []
    for plain, path, text in _leaves(root, repeats):
        if len(found) > MOST_LEAVES or len(text) > MOST_TEXT:
            raise NotAnswerable("The submission holds too much.", code="too_large", http_status=413)
        if plain in dropped or plain.startswith("meta/"):
            continue
        found[path] = text
        if plain in files:
            wanted.append(text)
    return found, wanted


def _leaves(element: Element, repeats: set[str], plain: str = "", path: str = ""):
    counts: dict[str, int] = {}
    for child in element:
        name = _plain(child.tag)
        counts[name] = counts.get(name, 0) + 1
        here = f"{plain}/{name}".strip("/")
        numbered = f"{path}/{name}".strip("/")
        if here in repeats or counts[name] > 1:
            numbered += f"[{counts[name]}]"
        if len(child):
            yield from _leaves(child, repeats, here, numbered)
        elif (child.text or "").strip():
            yield here, numbered, (child.text or "").strip()


def _new(school, version, definition, instance_id, digest, answers, wanted, now) -> Submission:
    response = keep_response(
        round_=school.round, org_no=school.org_no, version=version, definition=definition, answers=answers, grade=None,
        channel=Channel.COLLECT, language="", now=now,
    )  # fmt: skip
    return Submission.objects.create(
        instance_id=instance_id, round=school.round, school=school, org_no=school.org_no, sha256=digest,
        awaited=sorted(set(wanted)), response=response, received_on=timezone.localdate(now),
    )  # fmt: skip


def _keep_files(submission: Submission, files: Sequence[Sent]) -> int:
    came = 0
    for file in files:
        if len(file.content) > MOST_FILE:
            raise NotAnswerable(f"The file {file.name[:80]} is too large.", code="too_large", http_status=413)
        if file.name not in submission.awaited and not submission.files.filter(name=file.name).exists():
            continue  # nobody asked for it
        if file.media_type not in FILES:
            raise NotAnswerable(f"Files like {file.name[:80]} are not taken.", code="bad_file", http_status=415)
        content = _bare(file)
        if content is None:
            continue  # the answer counts without a picture that nobody can read
        digest = sealed.seal(content)
        _row, made = SubmissionFile.objects.get_or_create(
            submission=submission, name=file.name[:200], sha256=digest,
            defaults={"org_no": submission.org_no, "media_type": file.media_type, "size": len(content)},
        )  # fmt: skip
        came += made
        if made and file.media_type.startswith("image/"):
            _belongs_to_answer(submission, file.name, digest)
    submission.awaited = [name for name in submission.awaited if name not in {file.name for file in files}]
    submission.save(update_fields=["awaited"])
    return came


def _bare(file: Sent) -> bytes | None:
    """A picture is drawn anew, so that neither the place nor the telephone stays in it; other files are as they came."""
    if not file.media_type.startswith("image/"):
        return file.content
    try:
        return redraw(file.content, file.name[:80]).data
    except BadPhotograph:
        return None


def _belongs_to_answer(submission: Submission, name: str, digest: str) -> None:
    response = submission.response
    ResponseFile.objects.bulk_create([
        ResponseFile(response=response, round=submission.round, org_no=submission.org_no, item=plain_path(path), sha256=digest)
        for path, value in response.answers.items()
        if value == name
    ])  # fmt: skip

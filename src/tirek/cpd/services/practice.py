"""What shared practice, the reserve and awards have in common: numbers, files, who somebody is in the register."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading
from tirek.cpd.queries.people import employments
from tirek.cpd.refusals import BadValue, NotAllowed
from tirek.registry.models import Employment
from tirek.storage import sealed
from tirek.storage.uploads import looks_like
from tirek.tasks.services import File

MOST_BYTES = 20_000_000
MOST_FILES = 5
TYPES = {
    "pdf": ("application/pdf", {"pdf"}),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", {"zip"}),
    "pptx": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", {"zip"}),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", {"xlsx"}),
    "odt": ("application/vnd.oasis.opendocument.text", {"zip", "ods"}),
    "png": ("image/png", {"png"}),
    "jpg": ("image/jpeg", {"jpeg"}),
    "txt": ("text/plain", {"text"}),
}
PROGRAMS = re.compile(r"\.(exe|js|vbs|bat|cmd|com|scr|ps1|msi|jar|html?|svg|docm|xlsm|pptm)(\.|$)", re.IGNORECASE)


def next_number(letter: str, now: dt.datetime) -> str:
    with connection.cursor() as cursor:
        cursor.execute("select nextval('cpd_practice_number')")
        return f"{letter}-{now.year}-{cursor.fetchone()[0]:05d}"


def keep_files(files: Sequence[File]) -> list[dict[str, Any]]:
    """Check every file, then seal all: none is kept when one is refused."""
    if len(files) > MOST_FILES:
        raise BadValue(
            _("At most %(n)s files belong to one lesson.") % {"n": MOST_FILES}, code="too_many_files", field="files"
        )
    checked = [(file, *_checked(file)) for file in files]
    return [
        {"sha256": sealed.seal(file.content), "name": name, "media_type": media_type, "size": len(file.content)}
        for file, name, media_type in checked
    ]


def _checked(file: File) -> tuple[str, str]:
    """A clean name and the kind that bytes and ending agree on."""
    name = _clean(file.name)
    ending = name.rsplit(".", 1)[-1].lower().replace("jpeg", "jpg")
    if PROGRAMS.search(name) or ending not in TYPES:
        raise BadValue(
            _("The file “%(name)s” is of a kind that is not taken. Give PDF, DOCX, PPTX, XLSX, ODT, PNG, JPG or TXT.")
            % {"name": name}, code="wrong_kind", field="files",
        )  # fmt: skip
    if not file.content:
        raise BadValue(_("The file “%(name)s” is empty.") % {"name": name}, code="empty", field="files")
    if len(file.content) > MOST_BYTES:
        raise BadValue(
            _("The file “%(name)s” is larger than 20 MB. Make it smaller and add it again.") % {"name": name},
            code="too_large", field="files",
        )  # fmt: skip
    media_type, looks = TYPES[ending]
    found = "jpeg" if file.content.startswith(b"\xff\xd8\xff") else looks_like(file.content)
    if found not in looks or (found == "text" and b"\x00" in file.content):
        raise BadValue(
            _("The file “%(name)s” is not what its name says. Save it again in its own program.") % {"name": name},
            code="not_what_it_says", field="files",
        )  # fmt: skip
    return name, media_type


def _clean(name: str) -> str:
    """The last part of the name, without what turns text round, controls or paths."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C")
    return shown.strip(". ")[-150:] or "file"


def own_employment(by: User, on: dt.date) -> Employment:
    """Where the asker works today. Raises a refusal when the register knows no such place."""
    found = employments([by.person_id], on).get(by.person_id) if by.person_id else None
    if found is None:
        raise NotAllowed(
            _("The register knows no place where you work today. Ask your school."), code="not_employed"
        )  # fmt: skip
    return found


def employment_of(person_id: int, on: dt.date, *, field: str) -> Employment:
    """Where somebody in the asker's territory works today."""
    found = employments([person_id], on).get(person_id)
    scope = current_scope()
    if found is None or (scope.database_role != "tirek_loader" and not scope.covers(found.org_no)):
        raise BadValue(
            _("This person does not work in your territory today."), code="not_employed", field=field
        )  # fmt: skip
    return found


def users_of(person_ids: Sequence[int]) -> list[int]:
    with loading():
        return list(User.objects.filter(person_id__in=person_ids, is_active=True).values_list("pk", flat=True))


def said(text: str, field: str, *, shortest: int = 3, longest: int = 1000) -> str:
    """A reason, a note: some words at least."""
    text = " ".join(text.split()) if longest <= 1000 else text.strip()
    if len(text) < shortest:
        raise BadValue(_("Say it in a few words."), code="words_missing", field=field)
    return text[:longest]


def name_of(by: User | None) -> str:
    return str(by or "")[:200]

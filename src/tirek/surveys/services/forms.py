"""Bring a questionnaire's version in, and approve it for use."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading
from tirek.storage import sealed
from tirek.surveys.forms.definition import definition_of
from tirek.surveys.forms.fitness import NOWHERE, identifying
from tirek.surveys.forms.reading import ReadForm, read_form
from tirek.surveys.forms.stamping import stamped
from tirek.surveys.models import Form, FormVersion
from tirek.surveys.refusals import SurveyRefused
from tirek.surveys.rights import check_may_manage, range_of


@dataclass(frozen=True)
class Titles:
    """A questionnaire's name for people; Kazakh is needed."""

    kk: str
    ru: str = ""
    en: str = ""


@transaction.atomic
def bring_version(
    *, data: bytes, name: str, titles: Titles | None, by: User | None, now: dt.datetime, synthetic: bool = False
) -> FormVersion:
    """Take an XLSForm in: a new questionnaire, or the next version of the one with this form_id.

    Raises
    ------
    FormRefused
        The file is wrong; carries its faults.
    SurveyRefused
        The asker may not, the name is missing, or nothing has changed.
    """
    lo, hi = range_of(current_scope())
    check_may_manage(lo, hi)
    read = read_form(data, name)
    code = slugify(read.definition.form_id, allow_unicode=False)[:80] or "form"
    form = Form.objects.select_for_update().filter(code=code).first()
    if form is None:
        form = _new_form(code, titles, (lo, hi), by, now, synthetic)
    else:
        check_may_manage(form.org_lo, form.org_hi)
    digest = sealed.seal(data)
    same = FormVersion.objects.filter(form=form, xlsform_sha256=digest).first()
    if same is not None:
        raise SurveyRefused(
            _("This file is here already: it is version %(n)s of the questionnaire.") % {"n": same.number},
            code="same_file", number=same.number,
        )  # fmt: skip
    return _new_version(form, read, digest, name, by, now)


def _new_form(code: str, titles: Titles | None, place: tuple[int, int], by, now: dt.datetime, synthetic: bool) -> Form:
    if titles is None or not titles.kk.strip():
        raise SurveyRefused(_("This questionnaire is new: give it a name in Kazakh."), code="title_missing")
    return Form.objects.create(
        code=code, title_kk=titles.kk.strip(), title_ru=titles.ru.strip(), title_en=titles.en.strip(), org_lo=place[0],
        org_hi=place[1], made_by_id=by.pk if by else None, made_at=now, is_synthetic=synthetic,
    )  # fmt: skip


def _new_version(form: Form, read: ReadForm, digest: str, name: str, by, now: dt.datetime) -> FormVersion:
    number = 1 + (
        FormVersion.objects.filter(form=form).order_by("-number").values_list("number", flat=True).first() or 0
    )
    version = read.definition.version or str(number)
    if FormVersion.objects.filter(form=form, version=version).exists():
        raise SurveyRefused(
            _(
                "Version “%(version)s” is here already with other questions. Write another version on the sheet settings."
            )
            % {"version": version},
            code="version_used",
        )
    xform = stamped(read.xform, form.code, version)
    sha256 = sealed.seal(xform)
    definition = definition_of(sha256)
    return FormVersion.objects.create(
        form=form, org_lo=form.org_lo, org_hi=form.org_hi, number=number, version=version, file_name=name[-200:],
        xlsform_sha256=digest, xform_sha256=sha256, languages=list(definition.languages),
        question_count=len(definition.questions()), measures=read.measures,
        remarks=[asdict(remark) for remark in read.remarks],
        faults=[dict(fault) for fault in read.browser], identifying=identifying(definition),
        brought_by_name=str(by or ""), brought_at=now,
    )  # fmt: skip


@transaction.atomic
def approve_version(*, version_id: int, by: User | None, now: dt.datetime) -> FormVersion:
    """Say that a version was looked at and may be used. It never changes from then on."""
    with loading():
        found = FormVersion.objects.select_related("form").filter(pk=version_id).first()
    if found is None:
        raise SurveyRefused(_("There is no such version."), code="version_absent")
    check_may_manage(found.form.org_lo, found.form.org_hi)
    version = FormVersion.objects.select_for_update().get(pk=version_id)
    if version.approved_at is not None:
        raise SurveyRefused(_("This version is approved already."), code="approved")
    if any(fault["code"] in NOWHERE for fault in version.faults):
        raise SurveyRefused(
            _("This version needs files that are not handed out here: neither a browser nor ODK Collect could ask it. Bring it"
              " in without them."),
            code="needs_files",
        )  # fmt: skip
    version.approved_by_name, version.approved_at = str(by or ""), now
    version.save(update_fields=["approved_by_name", "approved_at"])
    return version

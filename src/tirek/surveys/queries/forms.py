"""Questions about forms and their versions."""

from __future__ import annotations

from django.db.models import Count, Max, QuerySet

from tirek.surveys.forms.definition import Definition, definition_of
from tirek.surveys.models import Form, FormVersion


def forms() -> QuerySet[Form]:
    """Every questionnaire, the newest first, with how many versions and rounds it has."""
    counted = Form.objects.annotate(
        version_count=Count("versions", distinct=True),
        round_count=Count("rounds", distinct=True),
        last=Max("versions__brought_at"),
    )
    return counted.order_by("-last", "-pk")


def form(code: str) -> Form | None:
    return Form.objects.filter(code=code).first()


def versions_of(found: Form) -> list[FormVersion]:
    """The newest first."""
    return list(FormVersion.objects.filter(form=found).order_by("-number"))


def version(code: str, number: int) -> FormVersion | None:
    return FormVersion.objects.filter(form__code=code, number=number).select_related("form").first()


def usable_versions() -> QuerySet[FormVersion]:
    """Approved ones, the newest of each form first."""
    return (
        FormVersion.objects.filter(approved_at__isnull=False).select_related("form").order_by("form__code", "-number")
    )


def definition(found: FormVersion) -> Definition:
    return definition_of(found.xform_sha256)


def local_title(found: Form, language: str) -> str:
    return getattr(found, f"title_{language}", "") or found.title_kk

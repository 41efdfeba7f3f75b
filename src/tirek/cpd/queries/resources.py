"""The catalogue of learning resources, open to everybody."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from tirek.cpd.models import Resource, ResourceFlag


def resources(
    *, text: str = "", subject: str = "", grade: str = "", language: str = "", kind: str = "", broken: bool = False
) -> QuerySet[Resource]:
    found = Resource.objects.filter(is_active=True)
    for name, value in (("subject", subject), ("language", language), ("kind", kind)):
        found = found.filter(**{name: value}) if value else found
    if grade.isdecimal():
        found = found.filter(grades__contains=[int(grade)])
    if broken:
        found = found.filter(broken_n__gt=0)
    for word in text.split():
        found = found.filter(Q(title__icontains=word) | Q(publisher__icontains=word))
    return found.order_by("title", "id")


def resource(code: str) -> Resource | None:
    return Resource.objects.filter(code=code).first()


def flags(of: Resource) -> list[ResourceFlag]:
    """Open reports, for the office that holds the resource."""
    return list(ResourceFlag.objects.filter(resource=of, settled_at=None).order_by("at"))

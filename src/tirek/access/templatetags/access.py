"""Words of the audit's pages."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext_lazy as _

from tirek.access.roles import Role

register = template.Library()
CHANGES = {"insert": _("added"), "update": _("changed"), "delete": _("deleted")}


@register.filter
def of(names: dict, key) -> str:
    """``names|of:user_id``"""
    return names.get(key, "")


@register.filter
def role_name(role: str) -> str:
    return str(Role(role).label) if role in Role.values else role


@register.filter
def change_name(label: str) -> str:
    return str(CHANGES.get(label, label))

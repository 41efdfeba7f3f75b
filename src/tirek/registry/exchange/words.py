"""What an import's differences are called on pages; files and programs keep the short codes."""

from django.utils.translation import gettext_lazy as _

THINGS = {
    "person": _("people"),
    "enrolment": _("enrolments"),
    "employment": _("employments"),
    "guardianship": _("guardianships"),
    "room": _("rooms"),
    "institution": _("institutions"),
    "territory": _("territories"),
}
ACTIONS = {
    "new": _("new"),
    "changed": _("changed"),
    "moved": _("moved"),
    "missing": _("missing in the source"),
    "unchanged": _("unchanged"),
}

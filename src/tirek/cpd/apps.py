from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GrowthConfig(AppConfig):
    name = "tirek.cpd"
    label = "cpd"
    verbose_name = _("Teachers' growth")
    default_auto_field = "django.db.models.BigAutoField"

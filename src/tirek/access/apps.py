from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "tirek.access"
    label = "access"
    verbose_name = _("Access")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from tirek.access.asking import describe, enter
        from tirek.storage.jobs import asker_scope

        asker_scope.describe, asker_scope.enter = describe, enter

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StorageConfig(AppConfig):
    name = "tirek.storage"
    label = "storage"
    verbose_name = _("Storage")
    default_auto_field = "django.db.models.BigAutoField"

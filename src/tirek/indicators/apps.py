from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IndicatorsConfig(AppConfig):
    name = "tirek.indicators"
    label = "indicators"
    verbose_name = _("Figures")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tirek.indicators import panels
        from tirek.indicators.registry_figures import register_all
        from tirek.indicators.snapshots import register_registry_tables

        register_registry_tables()
        register_all()
        panels.register()

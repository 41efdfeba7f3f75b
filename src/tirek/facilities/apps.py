from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FacilitiesConfig(AppConfig):
    name = "tirek.facilities"
    label = "facilities"
    verbose_name = _("Facilities")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tirek.facilities import figures, kinds, panels, task_kinds

        kinds.register_kinds()
        task_kinds.register_tasks()
        figures.register_figures()
        panels.register()

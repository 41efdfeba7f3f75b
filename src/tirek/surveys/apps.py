from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SurveysConfig(AppConfig):
    name = "tirek.surveys"
    label = "surveys"
    verbose_name = _("Surveys")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tirek.surveys import kinds, panels, task_kinds

        kinds.register_kinds()
        panels.register()
        task_kinds.register_kinds()

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssessmentConfig(AppConfig):
    name = "tirek.assessment"
    label = "assessment"
    verbose_name = _("Assessment")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tirek.assessment import figures, kinds, kinds_release, kinds_standards, panels

        kinds.register_kinds()
        kinds_standards.register_standards()
        kinds_release.register_release()
        figures.register_figures()
        panels.register()

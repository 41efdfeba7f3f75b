from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GrowthConfig(AppConfig):
    name = "tirek.cpd"
    label = "cpd"
    verbose_name = _("Teachers' growth")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tirek.cpd import figures, kinds, kinds_reserve, news, panels, practice_panels

        kinds.register_kinds()
        kinds_reserve.register_kind()
        figures.register_figures()
        news.register_news()
        panels.register()
        practice_panels.register()

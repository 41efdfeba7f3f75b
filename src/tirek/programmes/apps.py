from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProgrammesConfig(AppConfig):
    name = "tirek.programmes"
    label = "programmes"
    verbose_name = _("Programmes")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tirek.cpd import completed
        from tirek.facilities import accepted
        from tirek.programmes import (
            asking,
            evaluation_panels,
            figures,
            figures_evaluation,
            kinds,
            kinds_evaluation,
            kinds_impact,
            panels,
            sponsor_panels,
            sponsor_words,
        )
        from tirek.programmes.probes import others, own
        from tirek.programmes.services import answering
        from tirek.programmes.services.sponsors import orders

        kinds.register_kinds()
        kinds_impact.register_impact()
        kinds_evaluation.register_evaluation()
        own.register_own()
        others.register_others()
        asking.register_kinds()
        figures.register_figures()
        figures_evaluation.register_evaluation_figures()
        panels.register()
        evaluation_panels.register()
        accepted.register(answering.on_accepted)
        completed.register(answering.on_completed)
        sponsor_words.register()
        sponsor_panels.register()
        accepted.register(orders.on_work_accepted)

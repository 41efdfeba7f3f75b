from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegistryConfig(AppConfig):
    name = "tirek.registry"
    label = "registry"
    verbose_name = _("Registry")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tirek.access import own, places
        from tirek.registry.queries.own import own_ids
        from tirek.registry.queries.places import names_of, offered, place_by_code
        from tirek.registry.queries.search import people

        own.register(own_ids, people)
        places.register(place_by_code, offered, names_of)

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "tirek.access"
    label = "access"
    verbose_name = _("Access")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # the same dispatch_uid as Django's own receiver, which connects after us and thereby stays away:
        # it would write the user's row outside the sign-in scope
        user_logged_in.connect(remember_sign_in, dispatch_uid="update_last_login")
        from tirek.access.asking import describe, enter
        from tirek.storage.jobs import asker_scope

        asker_scope.describe, asker_scope.enter = describe, enter


def remember_sign_in(sender, request, user, **kwargs) -> None:
    from django.utils import timezone

    from tirek.access.models import User
    from tirek.access.scope import signing_in
    from tirek.access.sessions import describe

    user.last_login = timezone.now()
    with signing_in():
        User.objects.filter(pk=user.pk).update(last_login=user.last_login)
    if request is not None and hasattr(request, "session"):
        describe(request)

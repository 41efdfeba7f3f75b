"""Long work about decisions, run by the worker with the asker's rights."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, signing_in
from tirek.decisions import services
from tirek.storage import jobs


def asker() -> User | None:
    with signing_in():
        return User.objects.filter(pk=current_scope().user_id).first()


@jobs.work
def verify_decision(job: jobs.Running, *, number: str, following: str) -> dict:
    job.advance(0, 1, _("Computing the decision again from its sealed inputs"))
    checked = services.verify(number, by=asker() or "", now=timezone.now())
    message = _("It agrees.") if checked.agrees else _("It differs. The page says where.")
    return {"agrees": checked.agrees, "message": message, "next": following}

"""Make data and method files for researchers: by right, for a stated purpose, and never without a trace."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.scope import current_scope, loading
from tirek.assessment.models import Release, ReleaseState, ResearchFile
from tirek.assessment.refusals import WrongState, must
from tirek.assessment.reports.research import research_zip
from tirek.storage import jobs, sealed

SHORTEST_PURPOSE = 20


def checked_purpose(purpose: str, recipient: str) -> tuple[str, str]:
    """Both as they are kept; refused when they say nothing."""
    purpose, recipient = purpose.strip(), recipient.strip()
    if len(purpose) < SHORTEST_PURPOSE:
        raise WrongState(_("Say in a sentence what the data are wanted for."))
    if not recipient:
        raise WrongState(_("Say who will work with the data."))
    return purpose[:500], recipient[:200]


@transaction.atomic
def make_research_file(*, release_id: int, purpose: str, recipient: str, now: datetime) -> ResearchFile:
    """Seal the files of a publication and write down who asked, for whom and why."""
    must("assessment.research")
    purpose, recipient = checked_purpose(purpose, recipient)
    scope = current_scope()
    with loading():
        release = Release.objects.select_related("test", "calibration").get(pk=release_id)
        if release.state != ReleaseState.PUBLISHED or release.calibration is None:
            raise WrongState(_("Only published results that were calibrated here can be given out."))
        if not (scope.covers(release.test.org_lo) and scope.covers(release.test.org_hi)):
            raise WrongState(_("The test is held by another territory. Ask the office that holds it."))
        public_id = uuid.uuid4()
        made = research_zip(release, salt=public_id.hex, purpose=purpose)
    return ResearchFile.objects.create(
        public_id=public_id,
        release=release,
        org_lo=release.test.org_lo,
        org_hi=release.test.org_hi,
        purpose=purpose,
        recipient=recipient,
        sha256=sealed.seal(made.content),
        size=len(made.content),
        n_rows=made.n_rows,
        n_blanked=made.n_blanked,
        n_left_out=made.n_left_out,
        by_id=scope.user_id,
        at=now,
    )


@jobs.work
def research_job(job: jobs.Running, *, release_id: int, purpose: str, recipient: str, test: str) -> dict:
    """The same, watched on a page."""
    job.advance(0, 1, _("Drawing the plausible values and taking names and rare marks out"))
    made = make_research_file(release_id=release_id, purpose=purpose, recipient=recipient, now=timezone.now())
    message = _("The files are ready: %(n)s pupils.") % {"n": made.n_rows}
    return {"message": message, "next": reverse("assessment:research", args=[test])}

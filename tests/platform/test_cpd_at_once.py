"""Two who press at the same moment: one is faster, the other is told so."""

import threading

from django.db import connection, transaction
from test_cpd_certification import ADDRESS, NOW, judged, make, to_experts

from tirek.access.scope import loading
from tirek.cpd.models import CategoryRecord
from tirek.cpd.services import commission
from tirek.documents.models import Document
from tirek.registry.models import Employment
from tirek_engines.errors import Refusal


def test_two_officers_who_publish_at_once_give_one_category(committed_db, django_db_blocker):
    """Two connections, one draft: the second waits, then is told who was faster."""
    with django_db_blocker.unblock():
        with transaction.atomic():
            world = make()
            (made,) = to_experts(world, "ana")
            judged(world, made, 70, 66)
            with world.acting("office") as office:
                draft = commission.prepare(window_code="spring", by=office, now=NOW)
        said: list[str] = []

        def press() -> None:
            try:
                with transaction.atomic(), world.acting("region") as region:
                    commission.publish(number=draft.number, base_address=ADDRESS, by=region, now=NOW)
                    said.append("published")
            except Refusal as refusal:
                said.append(refusal.code)
            finally:
                connection.close()

        both = [threading.Thread(target=press) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join(60)
        assert sorted(said) == ["already_published", "published"]
        with transaction.atomic(), loading():
            assert CategoryRecord.objects.count() == 1
            assert Employment.objects.filter(person=world.people["ana"]).count() == 2
            assert Document.objects.filter(template="report").count() == 1

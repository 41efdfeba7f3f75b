from django.urls import path

from tirek.facilities.views import walking

urlpatterns = [
    path("walk/", walking.page, name="walk_phone"),
    path("walk/worker.js", walking.worker, name="walk_worker"),
    path("walk/plan/", walking.plan, name="walk_plan"),
    path("walk/findings/", walking.take_findings, name="walk_findings"),
    path("walk/photographs/", walking.take_photograph, name="walk_photographs"),
]

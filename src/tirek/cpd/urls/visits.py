from django.urls import path

from tirek.cpd.views import visits as views

urlpatterns = [
    path("", views.calendar, name="visits"),
    path("new/", views.announce, name="announce_visit"),
    path("<str:code>/", views.visit, name="visit"),
    path("<str:code>/confirm/", views.confirm, name="confirm_visit"),
    path("<str:code>/<slug:act>/", views.act, name="visit_act"),
]

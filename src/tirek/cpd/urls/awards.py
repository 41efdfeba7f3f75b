from django.urls import path

from tirek.cpd.views import awards as views

urlpatterns = [
    path("", views.register, name="awards"),
    path("kinds/new/", views.new_kind, name="new_award_kind"),
    path("nominate/", views.nominate, name="nominate"),
    path("<str:code>/", views.nomination, name="nomination"),
]

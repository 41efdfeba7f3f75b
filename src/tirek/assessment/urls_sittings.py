"""Addresses of sittings: the supervisor's, and those who hold the test's. Included before the tests' own addresses."""

from django.urls import path

from tirek.assessment import views_scanned, views_scoring, views_sittings

urlpatterns = [
    path("sittings/", views_sittings.sittings, name="sittings"),
    path("sittings/<int:pk>/", views_sittings.sitting, name="sitting"),
    path("sittings/<int:pk>/live/", views_sittings.live, name="sitting_live"),
    path("sittings/<int:pk>/do/", views_sittings.do, name="sitting_do"),
    path("sittings/<int:pk>/codes/", views_sittings.codes, name="sitting_codes"),
    path("sittings/<int:pk>/codes/paper/", views_sittings.codes_on_paper, name="sitting_codes_paper"),
    path("sittings/<int:pk>/seats/<int:seat>/", views_sittings.seat, name="seat"),
    path("<slug:code>/deal/", views_sittings.deal_all, name="deal_all"),
    path("<slug:code>/scanned/", views_scanned.scanned, name="scanned"),
    path("<slug:code>/scanned/papers/", views_scanned.papers, name="papers"),
    path("<slug:code>/scoring/", views_scoring.scoring, name="scoring"),
]

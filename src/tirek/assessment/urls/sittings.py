"""Addresses of sittings: the supervisor's, and those who hold the test's. Included before the tests' own addresses."""

from django.urls import path

from tirek.assessment.views import scanned, scoring, sittings

urlpatterns = [
    path("sittings/", sittings.sittings, name="sittings"),
    path("sittings/<int:pk>/", sittings.sitting, name="sitting"),
    path("sittings/<int:pk>/live/", sittings.live, name="sitting_live"),
    path("sittings/<int:pk>/do/", sittings.do, name="sitting_do"),
    path("sittings/<int:pk>/codes/", sittings.codes, name="sitting_codes"),
    path("sittings/<int:pk>/codes/paper/", sittings.codes_on_paper, name="sitting_codes_paper"),
    path("sittings/<int:pk>/seats/<int:seat>/", sittings.seat, name="seat"),
    path("<slug:code>/deal/", sittings.deal_all, name="deal_all"),
    path("<slug:code>/close/", sittings.close_all, name="close_all"),
    path("<slug:code>/scanned/", scanned.scanned, name="scanned"),
    path("<slug:code>/scanned/papers/", scanned.papers, name="papers"),
    path("<slug:code>/scoring/", scoring.scoring, name="scoring"),
]

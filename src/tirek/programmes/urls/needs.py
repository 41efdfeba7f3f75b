"""Addresses of needs. Included before the programmes' own addresses."""

from django.urls import path

from tirek.programmes.views import answering, needs, needs_runs

urlpatterns = [
    path("needs/<int:number>/", needs.need, name="need"),
    path("needs/<int:number>/merge/", needs.merge, name="need_merge"),
    path("needs/<int:number>/work/", answering.work, name="need_work"),
    path("needs/<int:number>/<slug:step>/", needs.move, name="need_act"),
    path("schools/<str:code>/needs/", needs.ranking, name="ranking"),
    path("<slug:slug>/needs/", needs.needs, name="needs"),
    path("<slug:slug>/needs/accept/", needs.accept_many, name="needs_accept"),
    path("<slug:slug>/needs/write/", needs.write, name="need_write"),
    path("<slug:slug>/needs/courses/", answering.courses, name="courses"),
    path("<slug:slug>/needs/courses/<int:cohort_id>/", answering.cohort, name="cohort"),
    path("<slug:slug>/needs/propose/", needs_runs.propose, name="propose"),
    path("<slug:slug>/needs/runs/<str:number>/", needs_runs.one_run, name="needs_run"),
    path("<slug:slug>/needs/runs/<str:number>/publish/", needs_runs.publish, name="needs_publish"),
    path("<slug:slug>/needs/runs/<str:number>/discard/", needs_runs.discard, name="needs_discard"),
]

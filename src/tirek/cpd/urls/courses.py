from django.urls import path

from tirek.cpd.views import cohorts, courses

urlpatterns = [
    path("", courses.catalogue, name="courses"),
    path("providers/", courses.providers, name="providers"),
    path("providers/new/", courses.edit_provider, name="new_provider"),
    path("providers/<slug:code>/", courses.provider, name="provider"),
    path("providers/<slug:code>/change/", courses.edit_provider, name="edit_provider"),
    path("courses/new/", courses.edit_course, name="new_course"),
    path("courses/<slug:code>/", courses.course, name="course"),
    path("courses/<slug:code>/change/", courses.edit_course, name="edit_course"),
    path("courses/<slug:code>/open/", courses.open_cohort, name="open_cohort"),
    path("cohorts/", courses.cohorts, name="cohorts"),
    path("approvals/", cohorts.approvals, name="approvals"),
    path("participations/<int:pk>/<slug:act>/", cohorts.participation, name="participation"),
    path("cohorts/<slug:code>/", cohorts.cohort, name="cohort"),
    path("cohorts/<slug:code>/join/", cohorts.join, name="join"),
    path("cohorts/<slug:code>/change/", cohorts.edit, name="edit_cohort"),
    path("cohorts/<slug:code>/cancel/", cohorts.cancel, name="cancel_cohort"),
    path("cohorts/<slug:code>/enrol/", cohorts.enrol, name="enrol"),
    path("cohorts/<slug:code>/sessions/", cohorts.add_session, name="add_session"),
    path("cohorts/<slug:code>/sessions/<int:session_id>/", cohorts.mark, name="attendance"),
    path("cohorts/<slug:code>/sessions/<int:session_id>/drop/", cohorts.drop_session, name="drop_session"),
    path("cohorts/<slug:code>/scores/", cohorts.enter_scores, name="scores"),
    path("cohorts/<slug:code>/scores/template/", cohorts.scores_template, name="scores_template"),
    path("cohorts/<slug:code>/close/", cohorts.close, name="close_cohort"),
    path("cohorts/<slug:code>/certify/", cohorts.certify, name="certify"),
]

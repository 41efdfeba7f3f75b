"""Reports, research files and standards; included beside the other addresses of tests."""

from django.urls import path

from tirek.assessment.views import panels, reports, research

urlpatterns = [
    path("<slug:code>/school/<int:org_no>/", reports.school, name="school_report"),
    path("<slug:code>/school/<int:org_no>/print/", reports.school_print, name="school_report_print"),
    path("<slug:code>/pupil/<uuid:public_id>/", reports.pupil, name="pupil_report"),
    path("<slug:code>/pupil/<uuid:public_id>/print/", reports.pupil_print, name="pupil_report_print"),
    path("<slug:code>/compare/", reports.compare, name="compare"),
    path("<slug:code>/technical/", reports.technical, name="technical"),
    path("<slug:code>/technical/print/", reports.technical_print, name="technical_print"),
    path("<slug:code>/research/", research.research, name="research"),
    path("<slug:code>/research/<uuid:public_id>/", research.fetch, name="research_fetch"),
    path("<slug:code>/standards/", panels.standards, name="standards"),
    path("<slug:code>/standards/booklet/", panels.booklet, name="standards_booklet"),
    path("<slug:code>/standards/step/", panels.step, name="standards_step"),
    path("<slug:code>/standards/close/", panels.close, name="standards_close"),
]

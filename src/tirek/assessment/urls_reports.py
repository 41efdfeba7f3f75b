"""Reports, research files and standards; included beside the other addresses of tests."""

from django.urls import path

from tirek.assessment import views_panels, views_reports, views_research

urlpatterns = [
    path("<slug:code>/school/<int:org_no>/", views_reports.school, name="school_report"),
    path("<slug:code>/school/<int:org_no>/print/", views_reports.school_print, name="school_report_print"),
    path("<slug:code>/pupil/<uuid:public_id>/", views_reports.pupil, name="pupil_report"),
    path("<slug:code>/pupil/<uuid:public_id>/print/", views_reports.pupil_print, name="pupil_report_print"),
    path("<slug:code>/compare/", views_reports.compare, name="compare"),
    path("<slug:code>/technical/", views_reports.technical, name="technical"),
    path("<slug:code>/technical/print/", views_reports.technical_print, name="technical_print"),
    path("<slug:code>/research/", views_research.research, name="research"),
    path("<slug:code>/research/<uuid:public_id>/", views_research.fetch, name="research_fetch"),
    path("<slug:code>/standards/", views_panels.standards, name="standards"),
    path("<slug:code>/standards/booklet/", views_panels.booklet, name="standards_booklet"),
    path("<slug:code>/standards/step/", views_panels.step, name="standards_step"),
    path("<slug:code>/standards/close/", views_panels.close, name="standards_close"),
]

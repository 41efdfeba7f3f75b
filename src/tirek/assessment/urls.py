from django.urls import include, path

from tirek.assessment import views, views_answers, views_booklets, views_calibration, views_why

app_name = "assessment"

urlpatterns = [
    path("", views.tests, name="tests"),
    path("new/", views.new_test, name="new"),
    path("bank/", include("tirek.assessment.urls_bank")),
    path("", include("tirek.assessment.urls_reports")),
    path("", include("tirek.assessment.urls_sittings")),
    path("", include("tirek.assessment.urls_chain")),
    path("<slug:code>/", views.test, name="test"),
    path("<slug:code>/answers/", views_answers.answers, name="answers"),
    path("<slug:code>/answers/template/", views_answers.template, name="template"),
    path("<slug:code>/answers/<int:pk>/", views_answers.checked, name="checked"),
    path("<slug:code>/answers/<int:pk>/faults/", views_answers.faults, name="faults"),
    path("<slug:code>/sittings/open/", views_answers.open_sittings, name="open_sittings"),
    path("<slug:code>/booklets/", views_booklets.booklets, name="booklets"),
    path("<slug:code>/booklets/<str:booklet>/", views_booklets.booklet, name="booklet"),
    path("<slug:code>/booklets/<str:booklet>/pdf/", views_booklets.pdf, name="booklet_pdf"),
    path("<slug:code>/booklets/pictures/<int:pk>/", views_booklets.picture, name="booklet_picture"),
    path("<slug:code>/calibration/", views_calibration.calibration, name="calibration"),
    path("<slug:code>/calibration/start/", views_calibration.start, name="start"),
    path("<slug:code>/publish/", views_calibration.publish, name="publish"),
    path("<slug:code>/withdraw/", views_calibration.withdraw_results, name="withdraw"),
    path("<slug:code>/why/<uuid:public_id>/", views_why.why, name="why"),
    path("<slug:code>/data/", views_calibration.data, name="data"),
]

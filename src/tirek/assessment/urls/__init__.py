from django.urls import include, path

from tirek.assessment.views import answers, booklets, calibration, why
from tirek.assessment.views import tests as views

app_name = "assessment"

urlpatterns = [
    path("", views.tests, name="tests"),
    path("new/", views.new_test, name="new"),
    path("bank/", include("tirek.assessment.urls.bank")),
    path("", include("tirek.assessment.urls.reports")),
    path("", include("tirek.assessment.urls.sittings")),
    path("", include("tirek.assessment.urls.chain")),
    path("<slug:code>/", views.test, name="test"),
    path("<slug:code>/answers/", answers.answers, name="answers"),
    path("<slug:code>/answers/template/", answers.template, name="template"),
    path("<slug:code>/answers/<int:pk>/", answers.checked, name="checked"),
    path("<slug:code>/answers/<int:pk>/faults/", answers.faults, name="faults"),
    path("<slug:code>/sittings/open/", answers.open_sittings, name="open_sittings"),
    path("<slug:code>/booklets/", booklets.booklets, name="booklets"),
    path("<slug:code>/booklets/<str:booklet>/", booklets.booklet, name="booklet"),
    path("<slug:code>/booklets/<str:booklet>/pdf/", booklets.pdf, name="booklet_pdf"),
    path("<slug:code>/booklets/pictures/<int:pk>/", booklets.picture, name="booklet_picture"),
    path("<slug:code>/calibration/", calibration.calibration, name="calibration"),
    path("<slug:code>/calibration/start/", calibration.start, name="start"),
    path("<slug:code>/publish/", calibration.publish, name="publish"),
    path("<slug:code>/withdraw/", calibration.withdraw_results, name="withdraw"),
    path("<slug:code>/why/<uuid:public_id>/", why.why, name="why"),
    path("<slug:code>/data/", calibration.data, name="data"),
]

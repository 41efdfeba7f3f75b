"""Addresses of surveys."""

from django.urls import path

from tirek.surveys.views import answer, collect, forms, results, rounds, schools

app_name = "surveys"
urlpatterns = [
    # whoever answers: no account
    path("answer/", answer.enter, name="enter"),
    path("answer/at/<str:key>/", answer.poster, name="poster"),
    path("answer/page/", answer.page, name="page"),
    path("answer/picture/<str:name>/", answer.picture, name="own_picture"),
    path("answer/check/", answer.check, name="check"),
    path("answer/done/", answer.done, name="done"),
    path("answer/later/", answer.later, name="later"),
    # ODK Collect: OpenRosa has no slash at the end
    path("collect/<str:token>/formList", collect.form_list, name="collect_list"),
    path("collect/<str:token>/forms/<str:form_id>.xml", collect.form_xml, name="collect_form"),
    path("collect/<str:token>/forms/<str:form_id>/manifest", collect.manifest, name="collect_manifest"),
    path("collect/<str:token>/submission", collect.submission, name="collect_submission"),
    # officers and schools
    path("", rounds.round_list, name="rounds"),
    path("forms/", forms.form_list, name="forms"),
    path("forms/bring/", forms.bring, name="bring"),
    path("forms/<slug:code>/", forms.form_page, name="form"),
    path("forms/<slug:code>/<int:number>/", forms.version_page, name="version"),
    path("forms/<slug:code>/<int:number>/approve/", forms.approve, name="approve"),
    path("forms/<slug:code>/<int:number>/file/", forms.download, name="download"),
    path("rounds/new/", rounds.new, name="new"),
    path("rounds/<slug:code>/", rounds.round_page, name="round"),
    path("rounds/<slug:code>/results/", results.results, name="results"),
    path("rounds/<slug:code>/texts/", results.texts, name="texts"),
    path("rounds/<slug:code>/pictures/<str:sha256>/", results.picture, name="picture"),
    path("rounds/<slug:code>/answers/", results.answers, name="answers"),
    path("rounds/<slug:code>/schools/<int:org_no>/", schools.school_page, name="school"),
    path("rounds/<slug:code>/schools/<int:org_no>/poster.pdf", schools.poster_pdf, name="poster_pdf"),
    path("rounds/<slug:code>/schools/<int:org_no>/codes.pdf", schools.slips_pdf, name="slips_pdf"),
    path("rounds/<slug:code>/schools/<int:org_no>/renew/", schools.renew, name="renew"),
    path("rounds/<slug:code>/<slug:act>/", rounds.act, name="act"),
]

from django.urls import path

from tirek.cpd.views import certificates as views

urlpatterns = [
    path("certificates/", views.certificates, name="certificates"),
    path("certificates/<str:number>/", views.certificate, name="certificate"),
    path("certificates/<str:number>/<slug:act>/", views.change, name="change_certificate"),
    path("check/", views.check, name="check"),
    path("check/<str:code>/", views.checked, name="checked"),
    path("credentials/<str:code>.json", views.credential, name="credential"),
    path("status/<int:number>", views.status_list, name="status_list"),
    path("issuer/", views.issuer, name="issuer"),
    path("issuer/did.json", views.did, name="did"),
]

"""Addresses of the exchange pages, under /exchange/."""

from django.urls import path

from tirek.registry.exchange import views

app_name = "exchange"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("sources/new/", views.new_source, name="new_source"),
    path("sources/<slug:code>/", views.source, name="source"),
    path("sources/<slug:code>/change/", views.change_source, name="change_source"),
    path("sources/<slug:code>/mapping/<slug:row_kind>/", views.mapping, name="mapping"),
    path("imports/<int:pk>/", views.import_page, name="import"),
    path("imports/<int:pk>/decide/", views.decide, name="decide"),
    path("imports/<int:pk>/faults.<slug:ending>", views.fault_file, name="faults"),
    path("imports/<int:pk>/<slug:action>/", views.act, name="act"),
    path("export/", views.export_page, name="export"),
    path("export/file/", views.export_file, name="export_file"),
]

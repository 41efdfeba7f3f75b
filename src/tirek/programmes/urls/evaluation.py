"""Addresses of value added and of the gap between town and village."""

from django.urls import path

from tirek.programmes.views import evaluation

urlpatterns = [
    path("value-added/", evaluation.value_added, name="value_added"),
    path("value-added/<str:number>/", evaluation.value_added_run, name="value_added_run"),
    path("gap/", evaluation.gaps, name="gaps"),
    path("gap/<str:number>/", evaluation.gap_run, name="gap_run"),
    path("gap/<str:number>/tables/<slug:name>/", evaluation.gap_table, name="gap_table"),
]

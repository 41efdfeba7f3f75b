"""Addresses of plans of measures."""

from django.urls import path

from tirek.programmes.views import measures

urlpatterns = [
    path("<slug:slug>/measures/", measures.measures, name="measures"),
    path("<slug:slug>/measures/new/", measures.new, name="measure_new"),
    path("<slug:slug>/measures/import/", measures.load, name="measure_import"),
    path("<slug:slug>/measures/form/", measures.empty_form, name="measure_form"),
    path("<slug:slug>/measures/remind/", measures.remind, name="measure_remind"),
    path("<slug:slug>/measures/<int:number>/", measures.measure, name="measure"),
    path("<slug:slug>/measures/<int:number>/change/", measures.change, name="measure_change"),
    path("<slug:slug>/measures/<int:number>/evidence/<int:step_id>/", measures.evidence, name="measure_evidence"),
    path("<slug:slug>/measures/<int:number>/<slug:step>/", measures.move, name="measure_act"),
]

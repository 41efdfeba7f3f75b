"""Addresses of "Did it work?"."""

from django.urls import path

from tirek.programmes.views import impact, impact_details

urlpatterns = [
    path("<slug:slug>/impact/", impact.impact, name="impact"),
    path("<slug:slug>/impact/plan/", impact.plan, name="impact_plan"),
    path("<slug:slug>/impact/estimate/", impact.estimate, name="impact_estimate"),
    path("<slug:slug>/impact/power/", impact_details.power, name="impact_power"),
    path("<slug:slug>/impact/comparison/<str:number>/", impact_details.comparison, name="impact_comparison"),
    path("<slug:slug>/impact/<str:number>/", impact.result, name="impact_result"),
    path("<slug:slug>/impact/<str:number>/experts/", impact_details.experts, name="impact_experts"),
    path("<slug:slug>/impact/<str:number>/schools/", impact_details.schools, name="impact_schools"),
    path("<slug:slug>/impact/<str:number>/folder/", impact_details.folder, name="impact_folder"),
    path("<slug:slug>/impact/<str:number>/print/", impact_details.print_report, name="impact_print"),
    path("<slug:slug>/impact/<str:number>/publish/", impact.publish, name="impact_publish"),
    path("<slug:slug>/impact/<str:number>/withdraw/", impact.withdraw, name="impact_withdraw"),
    path("<slug:slug>/impact/<str:number>/tables/<slug:name>/", impact_details.table, name="impact_table"),
]

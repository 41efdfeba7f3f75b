from django.urls import path

from tirek.cpd.views import demands as views

urlpatterns = [
    path("", views.demands, name="demands"),
    path("new/", views.record, name="record_demand"),
    path("<str:number>/", views.demand, name="demand"),
    path("<str:number>/object/", views.object_to, name="object_to"),
    path("<str:number>/withdraw/", views.withdraw, name="withdraw_demand"),
]

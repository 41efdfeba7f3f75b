"""Addresses of the choice of schools."""

from django.urls import path

from tirek.programmes.views import applications, selection

urlpatterns = [
    path("<slug:slug>/selection/", selection.rounds, name="selection"),
    path("<slug:slug>/selection/applications/", applications.applications, name="applications"),
    path("<slug:slug>/selection/<str:number>/", selection.one_round, name="round"),
    path("<slug:slug>/selection/<str:number>/publish/", selection.publish, name="round_publish"),
    path("<slug:slug>/selection/<str:number>/discard/", selection.discard, name="round_discard"),
]

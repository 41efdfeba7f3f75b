"""Addresses of the OneRoster provider."""

from django.urls import path

from tirek.registry.exchange.oneroster import provider

app_name = "oneroster"
urlpatterns = [
    path("<slug:view>", provider.collection, name="collection"),
    path("<slug:view>/<str:sourced_id>", provider.record, name="record"),
    path("<slug:view>/<str:sourced_id>/<slug:child>", provider.nested, name="nested"),
    path("<slug:view>/<str:sourced_id>/classes/<str:class_id>/<slug:child>", provider.in_class, name="in_class"),
]

"""Addresses of items, fairness, information and links. Included before the tests' own addresses."""

from django.urls import path

from tirek.assessment import views_items, views_linking

urlpatterns = [
    path("<slug:code>/items/remove/", views_items.remove, name="remove_item"),
    path("<slug:code>/items/<str:item>/", views_items.item, name="item"),
    path("<slug:code>/fairness/", views_items.fairness, name="fairness"),
    path("<slug:code>/information/", views_items.information, name="information"),
    path("<slug:code>/link/", views_linking.link, name="link"),
    path("<slug:code>/link/make/", views_linking.make, name="link_make"),
    path("<slug:code>/link/anchor/", views_linking.anchor, name="link_anchor"),
    path("<slug:code>/link/undo/", views_linking.undo, name="link_undo"),
]

"""Addresses of items, fairness, information and links. Included before the tests' own addresses."""

from django.urls import path

from tirek.assessment.views import items, linking

urlpatterns = [
    path("<slug:code>/items/remove/", items.remove, name="remove_item"),
    path("<slug:code>/items/<str:item>/", items.item, name="item"),
    path("<slug:code>/fairness/", items.fairness, name="fairness"),
    path("<slug:code>/information/", items.information, name="information"),
    path("<slug:code>/link/", linking.link, name="link"),
    path("<slug:code>/link/make/", linking.make, name="link_make"),
    path("<slug:code>/link/anchor/", linking.anchor, name="link_anchor"),
    path("<slug:code>/link/undo/", linking.undo, name="link_undo"),
]

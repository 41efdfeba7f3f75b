"""Addresses of the item bank, below ``bank/``."""

from django.urls import path

from tirek.assessment import views_bank, views_bank_edit, views_bank_import, views_bank_tests

urlpatterns = [
    path("", views_bank.bank, name="bank"),
    path("new/", views_bank_edit.new_item, name="bank_new"),
    path("items/<int:pk>/", views_bank.item, name="bank_item"),
    path("items/<int:pk>/key/", views_bank.key, name="bank_key"),
    path("items/<int:pk>/change/", views_bank_edit.edit_item, name="bank_edit"),
    path("items/<int:pk>/state/", views_bank.move, name="bank_move"),
    path("items/<int:pk>/pictures/<int:picture_id>/", views_bank.picture, name="bank_picture"),
    path("files/", views_bank_import.imports, name="bank_imports"),
    path("files/<int:pk>/", views_bank_import.one_import, name="bank_import"),
    path("test/", views_bank_tests.pick, name="bank_pick"),
    path("test/booklets/", views_bank_tests.lay_out, name="bank_lay_out"),
]

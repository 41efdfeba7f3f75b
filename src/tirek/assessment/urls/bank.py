"""Addresses of the item bank, below ``bank/``."""

from django.urls import path

from tirek.assessment.views import areas, bank, bank_edit, bank_import, bank_tests, released

urlpatterns = [
    path("", bank.bank, name="bank"),
    path("new/", bank_edit.new_item, name="bank_new"),
    path("items/state/", bank.move_all, name="bank_move_all"),
    path("items/<int:pk>/", bank.item, name="bank_item"),
    path("items/<int:pk>/key/", bank.key, name="bank_key"),
    path("items/<int:pk>/change/", bank_edit.edit_item, name="bank_edit"),
    path("items/<int:pk>/state/", bank.move, name="bank_move"),
    path("items/<int:pk>/release/", released.release, name="bank_release"),
    path("released/", released.released, name="released"),
    path("items/<int:pk>/pictures/<int:picture_id>/", bank.picture, name="bank_picture"),
    path("areas/", areas.areas, name="bank_areas"),
    path("areas/<int:pk>/", areas.area, name="bank_area"),
    path("files/", bank_import.imports, name="bank_imports"),
    path("files/<int:pk>/", bank_import.one_import, name="bank_import"),
    path("test/", bank_tests.pick, name="bank_pick"),
    path("test/booklets/", bank_tests.lay_out, name="bank_lay_out"),
]

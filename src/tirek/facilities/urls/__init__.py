"""Addresses of facilities."""

from django.urls import include, path

from tirek.facilities.views import handing, rooms, schools, territories

app_name = "facilities"
urlpatterns = [
    path("", territories.here, name="here"),
    path("standards/", territories.standards, name="standards"),
    path("territories/<str:code>/", territories.territory, name="territory"),
    path("territories/<str:code>/compute/", territories.compute, name="compute"),
    path("schools/<str:code>/", schools.school, name="school"),
    path("schools/<str:code>/walk/", schools.open_walk, name="open_walk"),
    path("schools/<str:code>/walks/", schools.walk_list, name="walks"),
    path("schools/<str:code>/walks/<int:walk_id>/", schools.walk, name="walk"),
    path("schools/<str:code>/walks/<int:walk_id>/resolve/", schools.resolve, name="resolve"),
    path("schools/<str:code>/walks/<int:walk_id>/close/", schools.close, name="close"),
    path("schools/<str:code>/proposals/<int:proposal_id>/", schools.decide, name="decide"),
    path("schools/<str:code>/hand-over/", handing.hand_over, name="hand_over"),
    path("room/<int:room_id>/", rooms.room, name="room"),
    path("photographs/<uuid:uuid>/", rooms.photograph, name="photograph"),
    path("photographs/<uuid:uuid>/small/", rooms.photograph, {"small": True}, name="photograph_small"),
    path("photographs/<uuid:uuid>/withdraw/", rooms.withdraw, name="withdraw"),
    path("inventory/<int:item_id>/write-off/", rooms.write_off, name="write_off"),
    path("", include("tirek.facilities.urls.walking")),
    path("", include("tirek.facilities.urls.works")),
]

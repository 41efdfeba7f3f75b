"""Addresses of the register's pages."""

from django.urls import path

from tirek.registry import (
    views,
    views_arrivals,
    views_changes,
    views_iin,
    views_institution,
    views_people,
    views_places,
    views_rooms,
)

app_name = "registry"
urlpatterns = [
    path("territory/", views.here, name="here"),
    path("territory/<str:code>/", views.territory, name="territory"),
    path("institutions/", views.institution_list, name="institutions"),
    path("institutions/open/", views_places.open_institution, name="open_institution"),
    path("institutions/<str:code>/", views_institution.institution, name="institution"),
    path("institutions/<str:code>/rooms/", views_institution.rooms, name="rooms"),
    path("institutions/<str:code>/rooms/<str:building>/<str:number>/", views_institution.room, name="room"),
    path(
        "institutions/<str:code>/rooms/<str:building>/<str:number>/change/", views_rooms.change_room, name="change_room"
    ),
    path("institutions/<str:code>/rooms/<str:building>/<str:number>/close/", views_rooms.close_room, name="close_room"),
    path("institutions/<str:code>/buildings/add/", views_rooms.add_building, name="add_building"),
    path(
        "institutions/<str:code>/buildings/<str:building>/change/", views_rooms.change_building, name="change_building"
    ),
    path("institutions/<str:code>/buildings/<str:building>/close/", views_rooms.close_building, name="close_building"),
    path("institutions/<str:code>/buildings/<str:building>/rooms/add/", views_rooms.add_room, name="add_room"),
    path("institutions/<str:code>/classes/", views_institution.classes, name="classes"),
    path("institutions/<str:code>/classes/<int:group>/", views_institution.class_page, name="class"),
    path("institutions/<str:code>/staff/", views_institution.staff, name="staff"),
    path("institutions/<str:code>/change/", views_changes.change_institution, name="change_institution"),
    path("institutions/<str:code>/merge/", views_changes.merge, name="merge"),
    path("institutions/<str:code>/close/", views_places.close_institution, name="close_institution"),
    path("institutions/<str:code>/split/", views_places.split, name="split"),
    path("institutions/<str:code>/pupils/add/", views_arrivals.add_pupil, name="add_pupil"),
    path("institutions/<str:code>/staff/add/", views_arrivals.add_staff, name="add_staff"),
    path("institutions/<str:code>/history/", views_institution.history, name="history"),
    path("institutions/<str:code>/<slug:slug>/", views_institution.tab, name="institution_tab"),
    path("people/", views_people.search, name="people"),
    path("people/<uuid:public_id>/", views_people.person, name="person"),
    path("people/<uuid:public_id>/iin/", views_iin.show_iin, name="show_iin"),
    path("people/<uuid:public_id>/correct/", views_changes.correct_person, name="correct_person"),
    path("people/<uuid:public_id>/transfer/", views_changes.transfer, name="transfer"),
    path("people/<uuid:public_id>/leave/", views_changes.leave, name="leave"),
    path("people/<uuid:public_id>/enrol/", views_arrivals.enrol, name="enrol"),
    path("people/<uuid:public_id>/employ/", views_arrivals.employ, name="employ"),
    path("people/<uuid:public_id>/employments/<int:pk>/end/", views_arrivals.end_employment, name="end_employment"),
    path("people/<uuid:public_id>/guardians/add/", views_arrivals.add_guardian, name="add_guardian"),
    path("people/<uuid:public_id>/guardians/<int:pk>/end/", views_arrivals.end_guardianship, name="end_guardianship"),
    path("people/<uuid:public_id>/<slug:slug>/", views_people.tab, name="person_tab"),
    path("school-year/", views_changes.roll_over, name="roll_over"),
]

"""Addresses of the register's pages."""

from django.urls import path

from tirek.registry import views, views_changes, views_iin, views_institution, views_people

app_name = "registry"
urlpatterns = [
    path("territory/", views.here, name="here"),
    path("territory/<str:code>/", views.territory, name="territory"),
    path("institutions/", views.institution_list, name="institutions"),
    path("institutions/<str:code>/", views_institution.institution, name="institution"),
    path("institutions/<str:code>/rooms/", views_institution.rooms, name="rooms"),
    path("institutions/<str:code>/rooms/<str:building>/<str:number>/", views_institution.room, name="room"),
    path("institutions/<str:code>/classes/", views_institution.classes, name="classes"),
    path("institutions/<str:code>/classes/<int:group>/", views_institution.class_page, name="class"),
    path("institutions/<str:code>/staff/", views_institution.staff, name="staff"),
    path("institutions/<str:code>/change/", views_changes.change_institution, name="change_institution"),
    path("institutions/<str:code>/merge/", views_changes.merge, name="merge"),
    path("institutions/<str:code>/history/", views_institution.history, name="history"),
    path("people/", views_people.search, name="people"),
    path("people/<uuid:public_id>/", views_people.person, name="person"),
    path("people/<uuid:public_id>/iin/", views_iin.show_iin, name="show_iin"),
    path("people/<uuid:public_id>/correct/", views_changes.correct_person, name="correct_person"),
    path("people/<uuid:public_id>/transfer/", views_changes.transfer, name="transfer"),
    path("people/<uuid:public_id>/leave/", views_changes.leave, name="leave"),
    path("school-year/", views_changes.roll_over, name="roll_over"),
]

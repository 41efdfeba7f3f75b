"""Addresses of programmes."""

from django.urls import include, path

from tirek.programmes.views import board, chain, comparison, schools
from tirek.programmes.views import programmes as views

app_name = "programmes"
urlpatterns = [
    path("", views.programmes, name="programmes"),
    path("new/", views.new, name="new"),
    path("templates/", views.templates, name="templates"),
    path("templates/<int:template_id>/", views.template, name="template"),
    path("templates/shipped/<slug:code>/", views.shipped, name="shipped"),
    path("rooms/<int:room_id>/", chain.room, name="room"),
    path("", include("tirek.programmes.urls.needs")),
    path("", include("tirek.programmes.urls.sponsors")),
    path("", include("tirek.programmes.urls.evaluation")),
    path("", include("tirek.programmes.urls.impact")),
    path("<slug:slug>/", views.programme, name="programme"),
    path("<slug:slug>/change/", views.change, name="change"),
    path("<slug:slug>/stages/<slug:code>/", views.stage, name="stage"),
    path("<slug:slug>/state/", views.state, name="state"),
    path("<slug:slug>/board/", board.board, name="board"),
    path("<slug:slug>/board/remind/", board.remind, name="remind"),
    path("<slug:slug>/board/move-on/", board.move_on, name="move_on"),
    path("<slug:slug>/schools/<str:code>/", schools.school, name="school"),
    path("<slug:slug>/schools/<str:code>/confirm/<slug:requirement>/", schools.confirm, name="confirm"),
    path("<slug:slug>/schools/<str:code>/evidence/<int:confirmation_id>/", schools.evidence, name="evidence"),
    path("<slug:slug>/schools/<str:code>/back/<slug:stage>/", schools.go_back, name="go_back"),
    path("<slug:slug>/schools/<str:code>/leave/", schools.leave, name="leave"),
    path("<slug:slug>/mergers/", schools.follow_mergers, name="follow_mergers"),
    path("<slug:slug>/sisters/", comparison.comparison, name="comparison"),
    path("", include("tirek.programmes.urls.selection")),
    path("", include("tirek.programmes.urls.measures")),
]

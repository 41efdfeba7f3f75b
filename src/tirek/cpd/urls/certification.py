from django.urls import path

from tirek.cpd.views import certification as views
from tirek.cpd.views import reviews

urlpatterns = [
    path("", views.windows, name="windows"),
    path("new/", views.new_window, name="new_window"),
    path("experts/", views.expert_list, name="experts"),
    path("dossiers/", reviews.reviews, name="reviews"),
    path("dossiers/<str:code>/", reviews.review, name="review"),
    path("dossiers/<str:code>/back/", reviews.hand_back, name="hand_back"),
    path("applications/<str:code>/", views.application, name="application"),
    path("applications/<str:code>/withdraw/", views.withdraw, name="withdraw_application"),
    path("applications/<str:code>/appeal/", views.appeal, name="appeal"),
    path("applications/<str:code>/appeal/decide/", views.decide_appeal, name="decide_appeal"),
    path("windows/<slug:code>/", views.window, name="window"),
    path("windows/<slug:code>/apply/", views.apply, name="apply"),
    path("windows/<slug:code>/publish/<str:number>/", views.publish, name="publish_categories"),
    path("windows/<slug:code>/<slug:act>/", views.act, name="window_act"),
]

from django.urls import path

from tirek.cpd.views import reserve as views
from tirek.cpd.views import reserve_following as following

urlpatterns = [
    path("", views.reserve, name="reserve"),
    path("end-terms/", views.end_terms, name="end_reserve_terms"),
    path("new/", views.new_competition, name="new_competition"),
    path("marks/", views.my_commissions, name="my_commissions"),
    path("marks/<slug:code>/", views.marking, name="marking"),
    path("mentoring/", following.mentoring, name="mentoring"),
    path("mentoring/<str:code>/<slug:act>/", following.mentor_act, name="mentor_act"),
    path("candidates/<str:code>/", views.candidate, name="candidate"),
    path("candidates/<str:code>/withdraw/", views.withdraw, name="withdraw_candidate"),
    path("candidates/<str:code>/appoint/", following.appoint, name="appoint_candidate"),
    path("candidates/<str:code>/mentor/", following.give_mentor, name="give_mentor"),
    path("competitions/<slug:code>/", views.competition, name="competition"),
    path("competitions/<slug:code>/apply/", views.apply, name="apply_reserve"),
    path("competitions/<slug:code>/commissioner/", views.commissioner, name="name_commissioner"),
    path("competitions/<slug:code>/prepare/", views.prepare, name="prepare_reserve"),
    path("competitions/<slug:code>/publish/<str:number>/", views.publish, name="publish_reserve"),
]

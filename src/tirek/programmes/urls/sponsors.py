"""Addresses of sponsors' money. They stand before the programmes' short names."""

from django.urls import path

from tirek.programmes.views import sponsor_acts as acts
from tirek.programmes.views import sponsors

urlpatterns = [
    path("sponsors/", sponsors.sponsors, name="sponsors"),
    path("sponsors/enter/", acts.enter, name="sponsor_enter"),
    path("sponsors/<slug:code>/", sponsors.sponsor, name="sponsor"),
    path("sponsors/<slug:code>/statement/", sponsors.statement, name="sponsor_statement"),
    path("sponsors/<slug:code>/papers/<int:agreement_id>/", sponsors.paper, name="sponsor_paper"),
    path("sponsors/<slug:code>/photographs/<uuid:uuid>/", sponsors.photograph, name="sponsor_photograph"),
    path("sponsors/<slug:code>/agreements/", acts.agree, name="sponsor_agree"),
    path("sponsors/<slug:code>/change/", acts.change, name="sponsor_change"),
    path("sponsors/<slug:code>/users/", acts.users, name="sponsor_users"),
    path("sponsors/<slug:code>/<slug:act>/<int:pk>/", acts.act_on, name="sponsor_act"),
    path("<slug:slug>/iati/", sponsors.iati, name="iati"),
]

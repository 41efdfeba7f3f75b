"""Every address of the site."""

from django.urls import include, path

from tirek.site import views, views_design, views_errors, views_search
from tirek.site.api import api

urlpatterns = [
    path("", views.front, name="front"),
    path("home/", views.home, name="home"),
    path("search/", views_search.search, name="search"),
    path("help/", views.help_page, name="help"),
    path("help/words/", views.glossary_page, name="glossary"),
    path("design/", views_design.design, name="design"),
    path("language/", views.choose_language, name="choose_language"),
    path("appearance/", views.choose_theme, name="choose_theme"),
    path("role/", views.choose_role, name="choose_role"),
    path("", include("tirek.registry.urls")),
    path("accounts/", include("allauth.urls")),
    path("access/", include("tirek.access.urls")),
    path("oauth/", include("tirek.access.urls_programs")),
    path("tasks/", include("tirek.tasks.urls")),
    path("documents/", include("tirek.documents.urls")),
    path("assessment/", include("tirek.assessment.urls")),
    path("sit/", include("tirek.assessment.urls.sit")),
    path("rooms/", include("tirek.facilities.urls")),
    path("surveys/", include("tirek.surveys.urls")),
    path("growth/", include("tirek.cpd.urls")),
    path("programmes/", include("tirek.programmes.urls")),
    path("ledger/", include("tirek.ledger.urls")),
    path("figures/", include("tirek.indicators.urls")),
    path("decisions/", include("tirek.decisions.urls")),
    path("jobs/", include("tirek.site.jobs")),
    path("api/", api.urls),
    path("exchange/", include("tirek.registry.exchange.urls")),
    path("ims/oneroster/rostering/v1p2/", include("tirek.registry.exchange.oneroster.urls")),
]

handler400 = views_errors.bad_request
handler403 = views_errors.forbidden
handler404 = views_errors.not_found
handler500 = views_errors.our_fault

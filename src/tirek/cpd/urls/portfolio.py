from django.urls import path

from tirek.cpd.views import portfolio as views

urlpatterns = [
    path("mine/", views.mine, name="mine"),
    path("people/<uuid:public_id>/", views.person, name="portfolio"),
    path("people/<uuid:public_id>/portfolio.pdf", views.pdf, name="portfolio_pdf"),
]

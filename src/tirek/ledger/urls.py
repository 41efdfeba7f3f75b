"""Addresses of the ledger."""

from django.urls import path

from tirek.ledger import views

app_name = "ledger"
urlpatterns = [
    path("", views.accounts, name="accounts"),
    path("seals/", views.seals, name="seals"),
    path("accounts/<str:code>/", views.account, name="account"),
    path("transactions/<str:number>/", views.transaction, name="transaction"),
    path("transactions/<str:number>/reverse/", views.reverse, name="reverse"),
]

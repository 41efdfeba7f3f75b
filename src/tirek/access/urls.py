"""Users and roles, one's own account, audit, programs."""

from django.urls import path

from tirek.access.views import account, audit, programs, users

app_name = "access"
urlpatterns = [
    path("users/", users.user_list, name="users"),
    path("users/invite/", users.invite, name="invite"),
    path("users/places/", users.place_list, name="places"),
    path("users/<int:pk>/", users.user_page, name="user"),
    path("users/<int:pk>/link/", users.link, name="link"),
    path("users/<int:pk>/give/", users.give, name="give"),
    path("users/<int:pk>/<slug:action>/", users.act, name="act"),
    path("grants/<int:pk>/end/", users.end, name="end"),
    path("account/", account.account, name="account"),
    path("account/language/", account.language, name="account_language"),
    path("account/sessions/end/", account.end_sessions, name="end_sessions"),
    path("audit/", audit.changes_page, name="audit"),
    path("audit/reads/", audit.reads_page, name="reads"),
    path("audit/sign-ins/", audit.sign_ins_page, name="sign_ins"),
    path("programs/", programs.program_list, name="programs"),
    path("programs/register/", programs.register, name="register_program"),
    path("programs/<int:pk>/rotate/", programs.rotate, name="rotate_program"),
    path("programs/<int:pk>/revoke/", programs.revoke, name="revoke_program"),
]

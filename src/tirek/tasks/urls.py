from django.urls import path

from tirek.tasks import views

app_name = "tasks"
urlpatterns = [
    path("", views.task_list, name="mine"),
    path("ask/", views.ask, name="ask"),
    path("remind/", views.remind, name="remind"),
    path("notifications/", views.notifications, name="notifications"),
    path("<int:task_id>/", views.task, name="task"),
    path("<int:task_id>/answer/", views.answer, name="answer"),
    path("<int:task_id>/evidence/<int:evidence_id>/", views.evidence, name="evidence"),
    path("<int:task_id>/<slug:act>/", views.judge, name="judge"),
]

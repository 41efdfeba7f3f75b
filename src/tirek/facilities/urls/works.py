from django.urls import path

from tirek.facilities.views import works

urlpatterns = [
    path("works/", works.board_page, name="board"),
    path("works/<int:work_id>/", works.work, name="work"),
    path("works/<int:work_id>/step/", works.step, name="step"),
    path("works/<int:work_id>/back/", works.back, name="back"),
    path("works/<int:work_id>/cancel/", works.cancel, name="cancel"),
    path("works/<int:work_id>/photographs/", works.add_photographs, name="add_photographs"),
    path("works/<int:work_id>/accept/", works.accept, name="accept"),
    path("works/<int:work_id>/papers/<int:document_id>/", works.paper, name="paper"),
    path("schools/<str:code>/works/", works.school_works, name="school_works"),
    path("schools/<str:code>/works/open/", works.open_work, name="open_work"),
]

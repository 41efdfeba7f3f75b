from django.urls import path

from tirek.cpd.views import lessons as views

urlpatterns = [
    path("", views.library, name="library"),
    path("mine/", views.mine, name="my_lessons"),
    path("offer/", views.offer, name="offer_lesson"),
    path("offered/<str:code>/mend/", views.mend, name="mend_lesson"),
    path("offered/<str:code>/back/", views.take_back, name="take_back_lesson"),
    path("offered/<str:code>/files/<int:place>/", views.offered_file, name="offered_file"),
    path("reviews/", views.reviews, name="lesson_reviews"),
    path("reviews/<str:code>/", views.review, name="lesson_review"),
    path("reports/<int:problem_id>/", views.answer, name="answer_problem"),
    path("<str:code>/", views.lesson, name="lesson"),
    path("<str:code>/new-version/", views.offer, name="new_edition"),
    path("<str:code>/rate/", views.rate, name="rate_lesson"),
    path("<str:code>/used/", views.used, name="used_lesson"),
    path("<str:code>/report/", views.report, name="report_lesson"),
    path("<str:code>/withdraw/", views.withdraw, name="withdraw_lesson"),
    path("<str:code>/versions/<int:number>/", views.edition, name="edition"),
    path("<str:code>/versions/<int:number>/files/<int:place>/", views.file, name="lesson_file"),
]

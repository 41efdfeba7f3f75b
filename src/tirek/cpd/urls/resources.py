from django.urls import path

from tirek.cpd.views import resources as views

urlpatterns = [
    path("", views.catalogue, name="resources"),
    path("new/", views.enter, name="enter_resource"),
    path("import/", views.bring, name="import_resources"),
    path("import/template.<str:form>", views.template, name="resource_template"),
    path("<str:code>/", views.resource, name="resource"),
    path("<str:code>/files/<int:place>/", views.file, name="resource_file"),
    path("<str:code>/broken/", views.flag, name="flag_resource"),
    path("<str:code>/settle/", views.settle, name="settle_resource"),
]

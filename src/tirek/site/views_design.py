"""The design system, shown with its own components."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tirek.access.gates import gate


@gate(public=True)
def design(request: HttpRequest) -> HttpResponse:
    return render(request, "site/design.html")

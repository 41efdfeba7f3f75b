"""One field for institutions and people."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tirek.access.gates import gate


@gate()
def search(request: HttpRequest) -> HttpResponse:
    return render(request, "site/search.html", {"q": request.GET.get("q", "")})

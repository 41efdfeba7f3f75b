"""Pages of documents: download, and the check that anybody can make."""

from __future__ import annotations

import hashlib

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from tirek.access.gates import gate
from tirek.access.limits import limited
from tirek.access.services.reads import record_many_read
from tirek.documents import queries
from tirek.storage import sealed

MAX_BYTES = 20 * 1024 * 1024


@gate()
@require_GET
def download(request, number: str):
    """The sealed PDF."""
    document = queries.document(number)
    if document is None:
        raise Http404
    record_many_read(request, rows=1, query=f"document {document.number}", export=True)
    response = HttpResponse(sealed.read(document.pdf_sha256), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{document.number}.pdf"'
    return response


@gate(public=True)
@limited("document", times=60, seconds=60)
@require_http_methods(["GET", "POST"])
def check(request):
    """Does a document stand? By its code, or by the file itself; the file is not kept."""
    if request.method == "GET":
        code = request.GET.get("code", "").replace("/", " ").strip()
        return redirect("documents:checked", code) if code else render(request, "documents/check.html")
    file = request.FILES.get("file")
    if file is None or file.size > MAX_BYTES:
        return render(request, "documents/check.html", {"file_missing": True}, status=422)
    document = queries.by_digest(hashlib.sha256(file.read()).hexdigest())
    return render(
        request, "documents/checked.html", {"document": document, "by_file": True}, status=200 if document else 404
    )


@gate(public=True)
@limited("document", times=60, seconds=60)
@require_GET
def checked(request, code: str):
    """The answer for a code."""
    document = queries.by_check_code(code)
    return render(request, "documents/checked.html", {"document": document}, status=200 if document else 404)

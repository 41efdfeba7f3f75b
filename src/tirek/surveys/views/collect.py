"""OpenRosa 1.0 for ODK Collect: list of forms, form, manifest, submission. The token in the address is the key."""

from __future__ import annotations

from functools import wraps
from xml.sax.saxutils import escape

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tirek.access.addresses import client_address
from tirek.access.gates import gate
from tirek.access.limits import count, passed
from tirek.surveys.queries.collect import form_of, manifest_hash
from tirek.surveys.refusals import NotAnswerable
from tirek.surveys.services import collecting
from tirek_engines.errors import Refusal

MOST_BYTES = 20 * 1024 * 1024
WRONG_TOKENS, SPAN, MOST_REQUESTS = 60, 600, 3000
XML = "text/xml; charset=utf-8"


def openrosa(methods: list[str]):
    """An address of OpenRosa: its headers, its answers in its own XML, no cookie counts."""

    def mark(view):
        @wraps(view)
        def answered(request: HttpRequest, token: str, **kwargs) -> HttpResponse:
            who = client_address(request) or ""
            try:
                if passed("collect wrong", who) >= WRONG_TOKENS or count("collect", who, SPAN) > MOST_REQUESTS:
                    raise NotAnswerable("Too many requests. Wait ten minutes.", code="too_often", http_status=429)
                school = collecting.school_of(token=token)
                response = view(request, school, token, **kwargs)
            except NotAnswerable as refusal:
                if refusal.code == "unknown":
                    count("collect wrong", who, SPAN)
                response = said(refusal.message, refusal.http_status)
            except Refusal as refusal:
                response = said(refusal.message, refusal.http_status)
            return _headed(response)

        return gate(public=True)(require_http_methods(methods)(csrf_exempt(answered)))

    return mark


def _headed(response: HttpResponse) -> HttpResponse:
    response["X-OpenRosa-Version"] = "1.0"
    response["X-OpenRosa-Accept-Content-Length"] = str(MOST_BYTES)
    response["Cache-Control"] = "no-store"
    return response


def said(message: str, status: int, nature: str = "") -> HttpResponse:
    """OpenRosa's answer to whoever sent something."""
    mark = f' nature="{nature}"' if nature else ""
    body = f'<OpenRosaResponse xmlns="http://openrosa.org/http/response"><message{mark}>{escape(message)}</message></OpenRosaResponse>'
    return HttpResponse(body, content_type=XML, status=status)


@openrosa(["GET", "HEAD"])
def form_list(request: HttpRequest, school, token: str) -> HttpResponse:
    """The one form of this round."""
    form = form_of(school.round)
    rows = ""
    wanted = request.GET.get("formID", form.form_id)
    if school.round.state == "open" and wanted == form.form_id:
        address = request.build_absolute_uri(reverse("surveys:collect_form", args=[token, form.form_id]))
        rows = (
            f"<xform><formID>{escape(form.form_id)}</formID><name>{escape(form.title)}</name>"
            f"<version>{escape(form.version)}</version><hash>md5:{form.md5}</hash>"
            f"<downloadUrl>{escape(address)}</downloadUrl></xform>"
        )
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><xforms xmlns="http://openrosa.org/xforms/xformsList">{rows}</xforms>'
    )
    return HttpResponse(body, content_type=XML)


@openrosa(["GET", "HEAD"])
def form_xml(request: HttpRequest, school, token: str, form_id: str) -> HttpResponse:
    """The XForm itself."""
    form = form_of(school.round)
    if form_id != form.form_id:
        return said("There is no such form here.", 404)
    return HttpResponse(form.xml, content_type=XML)


@openrosa(["GET", "HEAD"])
def manifest(request: HttpRequest, school, token: str, form_id: str) -> HttpResponse:
    """No files belong to our forms: an empty manifest."""
    body = '<?xml version="1.0" encoding="UTF-8"?><manifest xmlns="http://openrosa.org/xforms/xformsManifest"/>'
    response = HttpResponse(body, content_type=XML)
    response["ETag"] = f'"{manifest_hash(school.round)}"'
    return response


@openrosa(["HEAD", "GET", "POST"])
def submission(request: HttpRequest, school, token: str) -> HttpResponse:
    """HEAD says where to send; POST takes a submission, in one part or several."""
    if request.method != "POST":
        response = HttpResponse(status=204)
        response["Location"] = request.build_absolute_uri(reverse("surveys:collect_submission", args=[token]))
        return response
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MOST_BYTES:
        return said("The submission is too large. Send fewer pictures at once.", 413)
    try:
        files = request.FILES
    except (MultiPartParserError, SuspiciousOperation, BadRequest):
        return said("The submission cannot be read.", 400)
    xml = files.get("xml_submission_file")
    if xml is None:
        return said("The part xml_submission_file is missing.", 400)
    others = [
        collecting.Sent(name[:200], (file.content_type or "").partition(";")[0], file.read())
        for name, file in files.items()
        if name != "xml_submission_file"
    ]
    taken = collecting.take_submission(token=token, xml=xml.read(), files=others, now=timezone.now())
    if taken.state == "conflict":
        return said("Another answer with this instanceID is here already. Both are kept; the first one counts.", 201)
    return said("Received.", 201, "submit_success")

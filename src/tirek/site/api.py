"""The typed API: OpenAPI at /api/openapi.json. Apps bring their routers; gates and scopes are those of the pages."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.renderers import BaseRenderer

from tirek.access.api import router as access
from tirek.access.gates import Gate, declare
from tirek.assessment.api import router as tests
from tirek.decisions.api import router as decisions
from tirek.indicators.api import router as figures
from tirek.registry.api import router as register
from tirek.registry.api_exchange import router as exchange
from tirek.tasks.api import router as tasks
from tirek_engines.errors import Refusal


class Quick(BaseRenderer):
    """orjson: an order of magnitude quicker on long lists."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return orjson.dumps(data, default=str)


GATE_ANSWERS = {
    "401": "Nobody is signed in, and no valid token was sent.",
    "403": "The role does not allow this, or a program's token lacks the scope tirek.api.",
}
PROBLEM = {
    "type": "object",
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
    "required": ["code", "message"],
}


class DescribedAPI(NinjaAPI):
    """What the gates answer belongs to the description of every address, and is said here once."""

    def get_openapi_schema(self, *args: Any, **kwargs: Any) -> Any:
        schema = super().get_openapi_schema(*args, **kwargs)
        for operations in schema["paths"].values():
            for operation in operations.values():
                for status, words in GATE_ANSWERS.items():
                    answer = {"description": words, "content": {"application/json": {"schema": PROBLEM}}}
                    operation["responses"].setdefault(status, answer)
        return schema


api = DescribedAPI(
    title="Tirek",
    version="1",
    description="Published figures, the register of decisions, and what the pages show. People come with their session;"
    " programs with a token of /oauth/token (client credentials) that was asked for with the scope tirek.api.",
    urls_namespace="api",
    docs_url=None,  # its page would load scripts from elsewhere
    renderer=Quick(),
)
api.add_router("", figures)
api.add_router("", decisions)
api.add_router("", register)
api.add_router("", tests)
api.add_router("", tasks)
api.add_router("", exchange)
api.add_router("", access)
declare("api:api-root", Gate(public=True, reason="where the description is"))
declare("api:openapi-json", Gate(public=True, reason="the description of the API"))


@api.exception_handler(Refusal)
def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return api.create_response(request, _problem(refusal.code, refusal.message), status=refusal.http_status)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    said = "; ".join(f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in error.errors)
    return api.create_response(request, _problem("invalid", said), status=422)


@api.exception_handler(HttpError)
def failed(request: HttpRequest, error: HttpError) -> HttpResponse:
    return api.create_response(request, _problem("error", str(error)), status=error.status_code)


def _problem(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}

"""The HTTP API, version 1: the routers of all modules, errors as RFC 9457 problems, one OpenAPI document."""

from __future__ import annotations

from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError, ValidationErrorContext
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from liushui.analytics.router import router as analytics_router
from liushui.catalog.router import router as catalog_router
from liushui.checkout.router import router as checkout_router
from liushui.intake.router import router as intake_router
from liushui.kernel.errors import InvalidValue, LiushuiError, NotFound
from liushui.loyalty.router import router as loyalty_router
from liushui.orders.router import router as orders_router
from liushui.promotions.router import router as promotions_router
from liushui.returns.router import router as returns_router
from liushui.runtime.oauth import Bearer
from liushui.runtime.web import busy, problem_response
from liushui.stores.router import router as stores_router
from liushui.till.router import router as till_router

log = structlog.get_logger(__name__)

PROBLEM_STATUSES = {
    400: "The request cannot be read",
    401: "No access token, or one that is unknown or expired",
    403: "The token lacks the scope, or its client the role, that this needs",
    404: "There is no such thing, or it is not yours to see",
    409: "This contradicts what is already recorded",
    413: "The body is larger than this server takes",
    422: "A value is not of the form that its field takes",
    500: "Something failed here; the problem carries the request id for the log",
    503: "Others kept the database busy for too long; send the same again",
}
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "An error as in RFC 9457.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) into the request."},
        "remedy": {"type": "string", "description": "What to do."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail", "in", "pointer"],
                "properties": {
                    "detail": {"type": "string"},
                    "in": {"type": "string", "enum": ["body", "query", "path", "header", "cookie", "form", "file"]},
                    "pointer": {"type": "string"},
                },
            },
        },
    },
}


class Unreadable(LiushuiError):
    """The request cannot be read."""

    status = 400
    type = "unreadable"


class TooLarge(LiushuiError):
    """The body is larger than this server takes."""

    status = 413
    type = "too-large"


class Unexpected(LiushuiError):
    """Something failed here."""

    status = 500
    type = "internal"


class Document(OpenAPISchema):
    """The OpenAPI document with what django-ninja leaves out: scopes, and problems that any operation may answer."""

    def operation_security(self, operation: Operation) -> list[dict[str, Any]] | None:
        super().operation_security(operation)  # notes the scheme
        return [{"Bearer": [auth.capability]} for auth in operation.auth_callbacks if isinstance(auth, Bearer)]

    def responses(self, operation: Operation) -> dict[Any, Any]:
        found = super().responses(operation)
        for status, description in PROBLEM_STATUSES.items():
            found[status] = {
                "description": description,
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
        return found

    def get_components(self) -> dict[str, Any]:
        components = super().get_components()
        components["schemas"]["Problem"] = PROBLEM_SCHEMA
        return components


class Api(NinjaAPI):
    """django-ninja with our errors: each is a problem that says where and what."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        return Document(self, self.get_root_path(path_params or {}) if path_prefix is None else path_prefix)

    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext[Any]]
    ) -> ValidationError:
        """Errors whose place is a JSON pointer into the body as it was sent, without the name of our argument."""
        errors = []
        for context in error_contexts:
            model = context.model
            argument = getattr(model, "__read_from_single_attr__", None)
            for found in context.pydantic_validation_error.errors(include_url=False, include_input=False):
                place = model.__ninja_flatten_map_reverse__.get(found["loc"], found["loc"])
                if argument is not None and place[:1] == (argument,):
                    place = place[1:]
                errors.append(
                    {"detail": found["msg"], "in": str(model.__ninja_param_source__), "pointer": json_pointer(place)}
                )
        return ValidationError(errors)


def json_pointer(place: tuple[str | int, ...]) -> str:
    """A place in a document as in RFC 6901: /lines/0/code. Tags of unions, which begin with #, are no part of it."""
    parts = [str(part) for part in place if not str(part).startswith("#")]
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


api = Api(
    title="Liushui",
    version="1",
    description="Sales in, receipts, items and figures out. Get a token from /oauth/token/ with the client credentials "
    "grant (RFC 6749, section 4.4); scopes are capabilities. Every error is a problem as in RFC 9457.",
    docs_url=None,  # the usual page of it loads scripts from elsewhere
    urls_namespace="api",
)

for _router in (
    stores_router,
    catalog_router,
    checkout_router,
    returns_router,
    orders_router,
    promotions_router,
    loyalty_router,
    intake_router,
    till_router,
    analytics_router,
):
    api.add_router("", _router)


@api.exception_handler(LiushuiError)
def on_named_error(request: HttpRequest, error: LiushuiError) -> HttpResponse:
    """An error that says itself what it is."""
    return problem_response(error)


@api.exception_handler(ValidationError)
def on_validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Values that have the wrong form: all of them at once."""
    first = error.errors[0] if error.errors else {"detail": "The request is not valid", "pointer": ""}
    return problem_response(
        InvalidValue(first["detail"], pointer=first["pointer"], context={"errors": error.errors}),
    )


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What django-ninja itself refuses: above all a body that is not JSON."""
    if error.status_code == 400:
        return problem_response(Unreadable(error.message, remedy="Send well-formed JSON in UTF-8."))
    log.error("django-ninja refused", status=error.status_code, message=error.message)
    return problem_response(Unexpected("The request was refused"))


@api.exception_handler(Http404)
def on_not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    """Django's own word for what isn't there."""
    return problem_response(NotFound("There is no such thing here"))


@api.exception_handler(RequestDataTooBig)
def on_too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    """A body beyond `LIUSHUI_REQUEST_BODY_MAX_BYTES`."""
    return problem_response(
        TooLarge("The body is larger than this server takes", remedy="Send fewer things at a time."),
    )


@api.exception_handler(Exception)
def on_unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    """A bug: the log gets everything, the caller the request id and nothing of our insides. Or a busy database."""
    waits = busy(error)
    if waits is not None:
        return problem_response(waits)
    log.exception("unexpected error", path=request.path)
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    context = {"request_id": request_id} if request_id else {}
    return problem_response(
        Unexpected("Something failed here; it has been written to the log", remedy="Try again later.", context=context)
    )

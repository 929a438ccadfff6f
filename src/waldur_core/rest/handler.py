"""The error shapes of the API (marketplace-api §1): {field: [..]}, {non_field_errors: [..]} or {detail: ..}."""

from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import ProtectedError
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from waldur_core.rest.errors import Conflict, TooLarge


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(error, DjangoValidationError):
        error = ValidationError(error.message_dict if hasattr(error, "error_dict") else error.messages)
    if isinstance(error, ProtectedError):
        kinds = sorted({str(item._meta.verbose_name_plural) for item in error.protected_objects})
        error = Conflict(f"It cannot be deleted while it has {', '.join(kinds)}.")
    if isinstance(error, RequestDataTooBig):
        error = TooLarge()
    elif isinstance(error, SuspiciousOperation):
        error = ParseError(str(error))
    return drf_exception_handler(error, context)

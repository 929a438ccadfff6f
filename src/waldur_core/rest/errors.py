"""Errors that Django REST framework has no class for."""

from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import APIException


class Conflict(APIException):
    """The object is in a state that does not allow this (409)."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "The object is in a state that does not allow this."
    default_code = "conflict"


class TooLarge(APIException):
    """The body is larger than the server accepts (413)."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"

    def __init__(self) -> None:
        super().__init__(f"The request body is larger than {settings.API_MAX_JSON_BYTES // 1024} KiB.")

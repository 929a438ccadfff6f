from typing import ClassVar

from django.db import models

from waldur_core.models import IdentifiedModel
from waldur_core.structure.models import Project


class Account(IdentifiedModel):
    """A login of a project that is no person's own."""

    class State(models.TextChoices):
        OK = "OK"
        CLOSED = "Closed"
        ERRED = "Erred"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    username = models.CharField(max_length=100, unique=True)
    email = models.EmailField(blank=True, default="")
    description = models.CharField(max_length=2000, blank=True, default="")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OK)
    error_message = models.TextField(blank=True, default="")

    visible_through: ClassVar[tuple[str, ...]] = ("project", "project__customer")

    class Meta:
        abstract = True
        ordering = ("username",)

    def __str__(self) -> str:
        return self.username


class ProjectServiceAccount(Account):
    """The login of a program that works for a project."""

    preferred_identifier = models.CharField(max_length=100, blank=True, default="")


class CourseAccount(Account):
    """The login of a participant of a course that a project holds."""

"""Service accounts and course accounts of projects."""

from typing import Any

from rest_framework import serializers

from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer, RelatedUUIDField
from waldur_core.structure.models import Project
from waldur_mastermind.marketplace_site_agent.models import CourseAccount, ProjectServiceAccount

FIELDS = (
    "url", "uuid", "created", "modified", "username", "email", "description", "state", "error_message", "project",
    "project_uuid", "project_name", "customer_uuid", "customer_name",
)  # fmt: skip


class AccountSerializer(ModelSerializer):
    project = RelatedUUIDField(queryset=Project.objects.select_related("customer"))
    project_uuid = HexUUIDField(source="project.uuid", read_only=True)
    project_name = serializers.CharField(source="project.name", read_only=True)
    customer_uuid = HexUUIDField(source="project.customer.uuid", read_only=True)
    customer_name = serializers.CharField(source="project.customer.name", read_only=True)


class ProjectServiceAccountSerializer(AccountSerializer):
    """`token` and `expires_at` are null: the service gives out the keys, not the marketplace."""

    url = LinkField("marketplace-project-service-account-detail")
    customer_abbreviation = serializers.CharField(source="project.customer.abbreviation", read_only=True)
    token = serializers.SerializerMethodField()
    expires_at = serializers.SerializerMethodField()

    class Meta:
        model = ProjectServiceAccount
        fields = (*FIELDS, "customer_abbreviation", "preferred_identifier", "token", "expires_at")
        read_only_fields = ("state", "error_message")

    def get_token(self, account: Any) -> str | None:
        return None

    def get_expires_at(self, account: Any) -> str | None:
        return None


class CourseAccountSerializer(AccountSerializer):
    url = LinkField("marketplace-course-account-detail")
    project_slug = serializers.CharField(source="project.slug", read_only=True)
    project_start_date = serializers.DateField(source="project.start_date", read_only=True, allow_null=True)
    project_end_date = serializers.DateField(source="project.end_date", read_only=True, allow_null=True)
    user_uuid = serializers.SerializerMethodField()
    error_traceback = serializers.SerializerMethodField()

    class Meta:
        model = CourseAccount
        fields = (
            *FIELDS, "project_slug", "project_start_date", "project_end_date", "user_uuid", "error_traceback",
        )  # fmt: skip
        read_only_fields = ("state", "error_message")

    def get_user_uuid(self, account: Any) -> str | None:
        return None

    def get_error_traceback(self, account: Any) -> str:
        return ""

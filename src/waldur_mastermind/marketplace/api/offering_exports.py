"""`export_offering/` and `import_offering/`: an offering as a document, and one made from it."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.rest.serializers import HexUUIDField, RelatedUUIDField
from waldur_core.structure.models import Customer, Project
from waldur_mastermind.marketplace.api.fields import ObjectField
from waldur_mastermind.marketplace.exports import exported, imported
from waldur_mastermind.marketplace.models import Category, Offering

PARTS = ("components", "plans", "plugin_options", "terms_of_service")


class DocumentField(serializers.DictField):
    """The exported document: `offering` is an object, components and plans are lists of objects."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        document: dict[str, Any] = ObjectField().run_validation(data)
        if not isinstance(document.get("offering"), dict):
            raise serializers.ValidationError({"offering": ["Give the offering as an object."]})
        for name in ("components", "plans", "terms_of_service"):
            rows = document.get(name) or []
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise serializers.ValidationError({name: ["Give a list of objects."]})
        for plan in document.get("plans") or []:
            self._check_plan(plan)
        return document

    @staticmethod
    def _check_plan(plan: dict[str, Any]) -> None:
        rows = plan.get("components") or []
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and isinstance(row.get("component_type"), str) for row in rows
        ):
            raise serializers.ValidationError(
                {"plans": ["components: give a list of {component_type, amount, price}."]}
            )
        if not all(isinstance(plan.get(name) or {}, dict) for name in ("prices", "quotas")):
            raise serializers.ValidationError({"plans": ["prices and quotas are objects."]})


class OfferingImportSerializer(serializers.Serializer[Any]):
    """What to take of a document, and where to."""

    offering_data = DocumentField()
    customer = RelatedUUIDField(queryset=Customer.objects.all())
    category = serializers.CharField(required=False, allow_null=True)
    project = RelatedUUIDField(queryset=Project.objects.all(), required=False, allow_null=True)
    import_components = serializers.BooleanField(required=False, default=True)
    import_plans = serializers.BooleanField(required=False, default=True)
    import_plugin_options = serializers.BooleanField(required=False, default=True)
    import_terms_of_service = serializers.BooleanField(required=False, default=True)
    import_secret_options = serializers.BooleanField(required=False, default=False)
    overwrite_existing = serializers.BooleanField(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        name = str(attrs["offering_data"]["offering"].get("name") or "")
        if Offering.objects.filter(customer=attrs["customer"], name=name).exists():
            raise ValidationError({"offering_data": [f"The customer has an offering called {name!r} already."]})
        if attrs["overwrite_existing"]:
            raise ValidationError({"overwrite_existing": ["Nothing is overwritten: import it under another name."]})
        title = attrs.get("category") or attrs["offering_data"]["offering"].get("category_name")
        attrs["category"] = Category.objects.filter(title=str(title)).first()
        if attrs["category"] is None:
            raise ValidationError({"category": [f"There is no category {title!r}: name one that exists."]})
        return attrs


class OfferingImportAnswerSerializer(serializers.Serializer[Any]):
    imported_offering_uuid = HexUUIDField()
    imported_offering_name = serializers.CharField()
    imported_components = serializers.ListField(child=serializers.CharField())
    import_timestamp = serializers.DateTimeField()
    warnings = serializers.ListField(child=serializers.CharField())


class OfferingExportAnswerSerializer(serializers.Serializer[Any]):
    offering_uuid = HexUUIDField()
    offering_name = serializers.CharField()
    export_data = ObjectField()
    exported_components = serializers.ListField(child=serializers.CharField())
    export_timestamp = serializers.DateTimeField()


class OfferingExportsMixin:
    """Offerings travel between marketplaces."""

    @extend_schema(request=OfferingImportSerializer, responses=OfferingImportAnswerSerializer)
    @action(detail=False, methods=["post"])
    def import_offering(self: Any, request: Request) -> Response:
        """Make a Draft from a document. It answers as `create` would where something is wrong with it."""
        context = self.get_serializer_context()
        serializer = OfferingImportSerializer(data=request.data, context=context)
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        wanted = {name: data[f"import_{name}"] for name in (*PARTS, "secret_options")}
        body = imported(data["offering_data"], wanted)
        places = {name: data[name].uuid.hex for name in ("customer", "category", "project") if data.get(name)}
        offering = self._create({**body, **places})
        answer = {
            "imported_offering_uuid": offering.uuid,
            "imported_offering_name": offering.name,
            "imported_components": [name for name in wanted if wanted[name] and data["offering_data"].get(name)],
            "import_timestamp": timezone.now(),
            "warnings": [],
        }
        return Response(OfferingImportAnswerSerializer(answer).data)

    @extend_schema(request=None, responses=OfferingExportAnswerSerializer)
    @action(detail=True, methods=["post"])
    def export_offering(self: Any, request: Request, uuid: str) -> Response:
        """The offering as a document. How it reaches its service stays here."""
        offering = self.get_object()
        document = exported(offering)
        answer = {
            "offering_uuid": offering.uuid,
            "offering_name": offering.name,
            "export_data": document,
            "exported_components": [name for name in PARTS if document[name]],
            "export_timestamp": timezone.now(),
        }
        return Response(OfferingExportAnswerSerializer(answer).data)

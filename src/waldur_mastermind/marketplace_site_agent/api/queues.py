"""`register_queue/` of an agent: where it is told what happens."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.structure.models import AuthToken
from waldur_mastermind.marketplace.api.order_reviews import read
from waldur_mastermind.marketplace_site_agent.messages.rabbitmq import Management
from waldur_mastermind.marketplace_site_agent.models import AgentIdentity, AgentQueue

# what the platform tells of; the agent may ask for more than there is
OBJECT_TYPES = (
    "order", "resource", "user_role", "offering_user", "offering_resources_sync", "importable_resources",
    "service_account", "course_account", "resource_api_key_rotation", "resource_periodic_limits",
    "resource_end_date_change_request", "user_profile", "user_lifecycle", "user_ssh_key", "service_provider_account",
    "service_provider_project_group", "call", "proposal",
)  # fmt: skip


class QueueRegistrationSerializer(serializers.Serializer[Any]):
    object_types = serializers.MultipleChoiceField(choices=OBJECT_TYPES, required=False, default=set)


class QueueSerializer(serializers.Serializer[Any]):
    """How to listen: the password is the token of whoever asked."""

    queue_name = serializers.CharField()
    rmq_username = serializers.CharField()
    vhost = serializers.CharField()
    observable_object_types = serializers.ListField(source="object_types", child=serializers.CharField())


class QueueMixin:
    """For the view set of agents; talks to RabbitMQ, so no transaction meanwhile."""

    @extend_schema(request=QueueRegistrationSerializer, responses={200: QueueSerializer, 201: QueueSerializer})
    @action(detail=True, methods=["post"])
    def register_queue(self, request: Request, uuid: str) -> Response:
        """Get a queue for these types of messages; again: with these types instead, and the token of now."""
        identity: AgentIdentity = self.get_object()  # type: ignore[attr-defined]
        wanted = sorted(read(QueueRegistrationSerializer(data=request.data))["object_types"])
        user: Any = request.user
        token = AuthToken.objects.get(user=user)
        queue = AgentQueue.objects.filter(identity=identity).first()
        made = queue is None
        queue = queue or AgentQueue(identity=identity)
        queue.user, queue.object_types, queue.token_digest = user, wanted, token.digest
        Management().open_queue(queue, token.key)
        with transaction.atomic():
            queue.save()
        code = status.HTTP_201_CREATED if made else status.HTTP_200_OK
        return Response(QueueSerializer(queue).data, status=code)

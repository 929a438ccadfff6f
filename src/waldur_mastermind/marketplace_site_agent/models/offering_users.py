from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from waldur_core.models import IdentifiedModel
from waldur_mastermind.marketplace.models import Offering
from waldur_mastermind.marketplace.models.bases import TransitionModel


class OfferingUser(TransitionModel, IdentifiedModel):
    """The account of a user at an offering's service."""

    class State(models.TextChoices):
        REQUESTED = "Requested"
        CREATING = "Creating"
        PENDING_ACCOUNT_LINKING = "Pending account linking"
        PENDING_ADDITIONAL_VALIDATION = "Pending additional validation"
        OK = "OK"
        REQUESTED_DELETION = "Requested deletion"
        DELETING = "Deleting"
        DELETED = "Deleted"
        ERROR_CREATING = "Error creating"
        ERROR_DELETING = "Error deleting"

    COMING: ClassVar = (
        State.REQUESTED,
        State.CREATING,
        State.PENDING_ACCOUNT_LINKING,
        State.PENDING_ADDITIONAL_VALIDATION,
        State.ERROR_CREATING,
    )
    GOING: ClassVar = (State.REQUESTED_DELETION, State.DELETING, State.ERROR_DELETING)

    allowed: ClassVar = {
        State.REQUESTED: {State.DELETED},
        State.CREATING: {*COMING},
        State.PENDING_ACCOUNT_LINKING: {*COMING},
        State.PENDING_ADDITIONAL_VALIDATION: {*COMING},
        State.ERROR_CREATING: {*COMING},
        State.OK: {*COMING, State.OK, State.REQUESTED_DELETION},
        State.REQUESTED_DELETION: {*COMING, State.OK, State.ERROR_DELETING},
        State.DELETING: {State.REQUESTED_DELETION, State.ERROR_DELETING},
        State.ERROR_DELETING: {State.REQUESTED_DELETION, State.DELETING},
        State.DELETED: {*GOING},
    }

    offering = models.ForeignKey(Offering, on_delete=models.CASCADE, related_name="offering_users")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="offering_users")
    username = models.CharField(max_length=100, blank=True, default="")
    state = models.CharField(max_length=30, choices=State.choices, default=State.REQUESTED, db_index=True)
    is_restricted = models.BooleanField(default=False, help_text="The provider lets this account in no more.")
    service_provider_comment = models.TextField(blank=True, default="")
    service_provider_comment_url = models.URLField(blank=True, default="")

    visible_through: ClassVar[tuple[str, ...]] = ("offering", "offering__customer")

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("offering", "user"), name="one_account_per_user_and_offering"),
            models.UniqueConstraint(
                fields=("offering", "username"), condition=~Q(username=""), name="account_name_unique_in_offering"
            ),
        )

    def __str__(self) -> str:
        return self.username or str(self.user)

    @classmethod
    def visible_also(cls, user: Any) -> Q:
        """One's own accounts."""
        return Q(user_id=user.pk) if user.pk else Q(pk__in=())


class AttributeConfig(IdentifiedModel):
    """Which of the users' attributes an offering's service is told."""

    offering = models.OneToOneField(Offering, on_delete=models.CASCADE, related_name="attribute_config")
    exposed_fields = models.JSONField(default=list)

    class Meta:
        verbose_name = "user attribute configuration"

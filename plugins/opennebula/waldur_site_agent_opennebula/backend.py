"""The agent's contract, fulfilled: every method turns the agent's words into those of an offering, and back."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from waldur_api_client.models import RequestTypes
from waldur_site_agent.backend.backends import BaseBackend, PendingOrderDecision
from waldur_site_agent.backend.exceptions import BackendError, BackendNotReadyError
from waldur_site_agent.backend.structures import BackendResourceInfo

from . import marketplace, units
from . import settings as settings_
from .client import OpenNebulaClient
from .cloud import Cloud
from .core.errors import CloudError, NotYet
from .framework import allow_fixed_components
from .refusals import in_the_agents_words
from .vdc_offering import WISH, VdcOffering
from .vm_offering import VmOffering
from .wanted import plain, read_wanted

logger = logging.getLogger(__name__)
allow_fixed_components()

TOTAL = "TOTAL_ACCOUNT_USAGE"


class OpenNebulaBackend(BaseBackend):
    """VDCs or VMs of one OpenNebula, by ``resource_type``. The agent makes a new one for every cycle."""

    supports_decreasing_usage = True

    def __init__(self, backend_settings: dict, backend_components: dict[str, dict]) -> None:
        super().__init__(backend_settings, backend_components)
        self.backend_components: dict[str, dict] = backend_components
        self.backend_type = "opennebula"
        with in_the_agents_words():
            settings_.check(backend_settings)
            self.cloud = Cloud(backend_settings)
        is_vm = backend_settings.get("resource_type") == settings_.VM
        self.offering: Any = (VmOffering if is_vm else VdcOffering)(self.cloud, backend_settings)
        self.client = OpenNebulaClient(self.offering)
        self.restorations: dict[UUID, dict[str, Any]] = {}  # by resource, what the agent leaves out
        self.undone: dict[str, str] = {}  # by backend id, which mark of the marketplace could not be followed, and why

    # The connection

    def ping(self, raise_exception: bool = False) -> bool:
        try:
            with in_the_agents_words():
                self.cloud.daemon.insist("system.version")
        except (BackendError, BackendNotReadyError) as error:
            if raise_exception:
                raise
            logger.error("%s", error)
            return False
        return True

    def diagnostics(self) -> bool:
        try:
            with in_the_agents_words():
                logger.info(
                    "OpenNebula %s at %s", self.cloud.daemon.insist("system.version"), self.cloud.daemon.endpoint
                )
                logger.info("Resources of this agent: %s", ", ".join(self.offering.inventory()) or "none")
        except (BackendError, BackendNotReadyError) as error:
            logger.error("%s", error)
            return False
        return True

    def list_components(self) -> list[str]:
        return list(self.backend_components)

    # Orders

    def evaluate_pending_order(self, order: Any, waldur_rest_client: Any) -> PendingOrderDecision:
        """The agent learns an offering's components only after this object was made: in its first cycle we ask.

        With an order to restore a machine it hands over neither plan nor keys: we ask for these, too. Such an order
        stays pending while OpenNebula does not answer: once accepted it is no more asked about.
        """
        if not self.backend_components:
            self.backend_components = marketplace.components_of(order, waldur_rest_client)
        if order.type_ == RequestTypes.RESTORE and isinstance(self.offering, VmOffering):
            if not self.ping():
                return PendingOrderDecision.PENDING
            asked = marketplace.plan_and_keys(order, self.service_provider_uuid, waldur_rest_client)
            self.restorations[order.marketplace_resource_uuid] = asked
        return PendingOrderDecision.ACCEPT

    def create_resource_with_id(
        self, waldur_resource: Any, resource_backend_id: str, user_context: dict | None = None
    ) -> BackendResourceInfo:
        self._learn_components(waldur_resource)
        with in_the_agents_words(resource_backend_id, bool(self.backend_settings.get("check_backend_id_uniqueness"))):
            settings_.check_options(plain(waldur_resource.offering_plugin_options), marketplace.PLUGIN_OPTIONS)
            context = {**self.restorations.get(waldur_resource.uuid, {}), **(user_context or {})}
            wanted = read_wanted(
                waldur_resource, resource_backend_id, self.backend_settings, self.backend_components, context
            )
            metadata = self.offering.create(wanted)
        return BackendResourceInfo(
            backend_id=resource_backend_id,
            limits={} if isinstance(self.offering, VmOffering) else dict(wanted.limits),
            backend_metadata=metadata,
            endpoints=endpoints(metadata),
        )

    def _learn_components(self, waldur_resource: Any) -> None:
        """Without their factors no amount can be converted: rather wait for the next cycle."""
        if not self.backend_components:
            self.backend_components = units.from_offering(waldur_resource.offering_components or [])
        if not self.backend_components:
            raise BackendNotReadyError("The components of the offering are not known yet; they are in the next cycle.")

    def delete_resource(self, waldur_resource: Any, **kwargs: str) -> str | None:
        backend_id = (waldur_resource.backend_id or "").strip()
        if not backend_id:
            logger.warning(
                "Resource %s was never made in OpenNebula: there is nothing to delete.", waldur_resource.name
            )
            return None
        with in_the_agents_words(backend_id):
            self.offering.delete(backend_id)
        return None

    def set_resource_limits(self, resource_backend_id: str, limits: dict[str, int]) -> str | None:
        """In the marketplace's units; of a VM it is another plan's size."""
        with in_the_agents_words(resource_backend_id):
            components = self._components_of(resource_backend_id)
            if not components:
                raise NotYet("The components of the offering are not known yet; they are in the next cycle.")
            self.offering.set_limits(resource_backend_id, limits, components)
        return None

    def _components_of(self, backend_id: str) -> dict[str, dict]:
        """In the agent's first cycle those that were noted in OpenNebula."""
        return self.backend_components or self.offering.components(backend_id)

    def get_resource_limits(self, resource_backend_id: str) -> dict[str, int]:
        """In the marketplace's units."""
        with in_the_agents_words(resource_backend_id):
            native = self.offering.limits(resource_backend_id)
            found = units.to_marketplace(self._components_of(resource_backend_id), native)
        return {name: int(value) for name, value in found.items()}

    def _pre_create_resource(self, waldur_resource: Any, user_context: dict | None = None) -> None:
        """Everything happens in :meth:`create_resource_with_id`."""

    def _collect_resource_limits(self, waldur_resource: Any) -> tuple[dict[str, int], dict[str, int]]:
        limits = plain(waldur_resource.limits)
        native = units.to_backend(self.backend_components, limits)
        return {name: int(value) for name, value in native.items()}, limits

    # Cycles over all resources

    def pull_resource(self, waldur_resource: Any) -> BackendResourceInfo | None:
        """None leaves a resource alone for this cycle: it is not there, or OpenNebula does not answer.

        Raising would have the agent try each of them ten times, one after the other. An order for one is not misled:
        it meets the same silence when it goes on, and waits.
        """
        if not waldur_resource.backend_id:
            return None
        try:
            return self._pull_backend_resource(waldur_resource.backend_id)
        except BackendNotReadyError as error:
            logger.error("%s is left as it is: %s", waldur_resource.name, error)
            return None

    def _pull_backend_resource(self, resource_backend_id: str) -> BackendResourceInfo | None:
        with in_the_agents_words(resource_backend_id):
            used = self.offering.usage(resource_backend_id)
            if used is None:
                return None
            return BackendResourceInfo(
                backend_id=resource_backend_id,
                users=self.offering.members(resource_backend_id),
                usage={TOTAL: units.usage(self._components_of(resource_backend_id), used)},
            )

    def _get_usage_report(self, resource_backend_ids: list[str]) -> dict:
        with in_the_agents_words():
            used = {backend_id: self.offering.usage(backend_id) for backend_id in resource_backend_ids}
            return {
                backend_id: {TOTAL: units.usage(self._components_of(backend_id), amounts)}
                for backend_id, amounts in used.items()
                if amounts is not None
            }

    def list_resources(self) -> list[BackendResourceInfo]:
        """What may be imported; by its parent, a project's slug, the agent finds the project that gets it."""
        with in_the_agents_words():
            found = self.offering.inventory()
        return [BackendResourceInfo(backend_id=name, parent_id=project) for name, project in found.items()]

    def get_resource_metadata(self, resource_backend_id: str) -> dict:
        """The agent asks right after it has said whether to pause, downscale or restore: the answer is part of it."""
        with in_the_agents_words(resource_backend_id):
            metadata = dict(self.offering.metadata(resource_backend_id))
        if refusal := self.undone.get(resource_backend_id):
            metadata["restriction"] = refusal
        return metadata

    def sync_resource_limits(self, waldur_resource: Any, waldur_rest_client: Any) -> None:
        """The marketplace decides: limits changed in OpenNebula are put back. It is told only those it has none of.

        Of a machine, which has a plan, it is told how to reach it: after a restoration nobody else does.
        """
        self.offering.tidy(waldur_resource.backend_id)
        if isinstance(self.offering, VmOffering):
            reached = endpoints(self.get_resource_metadata(waldur_resource.backend_id))
            if reached and reached != marketplace.endpoints_of(waldur_resource, waldur_rest_client):
                logger.info("The marketplace is told where %s is reached now.", waldur_resource.name)
                marketplace.tell_endpoints(waldur_resource, reached, waldur_rest_client)
            return
        limits = plain(waldur_resource.limits)
        if not limits:
            if found := self.get_resource_limits(waldur_resource.backend_id):
                marketplace.tell_limits(waldur_resource, found, waldur_rest_client)
            return
        with in_the_agents_words(waldur_resource.backend_id):
            components = self._components_of(waldur_resource.backend_id)
            if components and self.offering.keep_limits(waldur_resource.backend_id, limits, components):
                logger.warning(
                    "The limits of %s had been changed in OpenNebula; they are put back.", waldur_resource.name
                )

    def sync_resource_project(self, waldur_resource: Any, source_project: Any = None) -> None:
        """Comes first of a resource's turn: here the wish for another password is read."""
        request = str(plain(waldur_resource.backend_metadata).get(WISH) or "")
        if request and waldur_resource.backend_id:
            with in_the_agents_words(waldur_resource.backend_id):
                self.offering.renew_password(waldur_resource.backend_id, request)

    def reset_vdc_user_password(self, resource_backend_id: str) -> dict[str, Any]:
        """Another password at once; the new credentials."""
        with in_the_agents_words(resource_backend_id):
            if not self.offering.renew_password(resource_backend_id, ""):
                raise BackendError(f"{resource_backend_id} has no user. Set create_opennebula_user for the next VDCs.")
            return dict(self.offering.metadata(resource_backend_id))

    # Members

    def add_users_to_resource(self, waldur_resource: Any, user_ids: set[str], **kwargs: Any) -> set[str]:
        """They see the credentials of the VDC in the marketplace, or sign in by SAML; who is in now."""
        if not user_ids:
            return set()
        with in_the_agents_words(waldur_resource.backend_id):
            return set(self.offering.add_members(waldur_resource.backend_id, user_ids))

    def remove_users_from_resource(self, waldur_resource: Any, usernames: set[str], **kwargs: Any) -> list[str]:
        """Whoever leaves knows the password: there is a new one for those who stay."""
        with in_the_agents_words(waldur_resource.backend_id):
            return sorted(self.offering.remove_members(waldur_resource.backend_id, usernames))

    # Restrictions

    def downscale_resource(self, resource_backend_id: str) -> bool:
        return self._restrict("downscale", resource_backend_id)

    def pause_resource(self, resource_backend_id: str) -> bool:
        return self._restrict("pause", resource_backend_id)

    def restore_resource(self, resource_backend_id: str) -> bool:
        return self._restrict("restore", resource_backend_id)

    def _restrict(self, action: str, resource_backend_id: str) -> bool:
        """True only when it is so now. When not, the resource's metadata says why."""
        self.undone.pop(resource_backend_id, None)
        try:
            return bool(getattr(self.offering, action)(resource_backend_id))
        except CloudError as error:
            logger.error("Could not %s %s: %s", action, resource_backend_id, error)
            self.undone[resource_backend_id] = f"could not {action}: {error}"
            return False


def endpoints(metadata: dict[str, Any]) -> list[dict[str, str]]:
    """What the marketplace shows under "Access resource"."""
    if "endpoint" not in metadata:
        return []
    return [
        {"name": "vLLM API (OpenAI-compatible)", "url": f"{metadata['endpoint']}/v1"},
        {"name": "Chat playground", "url": metadata["web_ui"]},
    ]

from rest_framework.routers import BaseRouter

from waldur_mastermind.marketplace_site_agent.api.accounts import CourseAccountViewSet, ProjectServiceAccountViewSet
from waldur_mastermind.marketplace_site_agent.api.api_keys import ResourceApiKeyViewSet
from waldur_mastermind.marketplace_site_agent.api.identities import (
    AgentIdentityViewSet,
    AgentProcessorViewSet,
    AgentServiceViewSet,
)
from waldur_mastermind.marketplace_site_agent.api.imports import (
    BackendResourceRequestViewSet,
    BackendResourceViewSet,
)
from waldur_mastermind.marketplace_site_agent.api.logs import AgentLogViewSet
from waldur_mastermind.marketplace_site_agent.api.memberships import MembershipReportViewSet
from waldur_mastermind.marketplace_site_agent.api.offering_users import OfferingUserViewSet
from waldur_mastermind.marketplace_site_agent.api.offerings import AgentOfferingViewSet
from waldur_mastermind.marketplace_site_agent.api.providers import ProviderKeysViewSet
from waldur_mastermind.marketplace_site_agent.api.resources import (
    ConsumerResourceTeamViewSet,
    ProviderResourceTeamViewSet,
)
from waldur_mastermind.marketplace_site_agent.api.user_limits import UserUsageLimitViewSet

VIEW_SETS = {
    "marketplace-site-agent-identities": (AgentIdentityViewSet, "marketplace-site-agent-identity"),
    "marketplace-site-agent-services": (AgentServiceViewSet, "marketplace-site-agent-service"),
    "marketplace-site-agent-processors": (AgentProcessorViewSet, "marketplace-site-agent-processor"),
    "marketplace-site-agent-logs": (AgentLogViewSet, "marketplace-site-agent-log"),
    "marketplace-resource-api-keys": (ResourceApiKeyViewSet, "marketplace-resource-api-key"),
    "marketplace-offering-users": (OfferingUserViewSet, "marketplace-offering-user"),
    "marketplace-project-service-accounts": (ProjectServiceAccountViewSet, "marketplace-project-service-account"),
    "component-user-usage-limits": (UserUsageLimitViewSet, "component-user-usage-limit"),
    "backend-resource-requests": (BackendResourceRequestViewSet, "backend-resource-request"),
    "backend-resources": (BackendResourceViewSet, "backend-resource"),
    "marketplace-course-accounts": (CourseAccountViewSet, "marketplace-course-account"),
}

# Further actions on what the marketplace serves.
ACTIONS = (
    ("marketplace-provider-offerings", AgentOfferingViewSet, "marketplace-provider-offering-agent"),
    ("marketplace-provider-resources", ProviderResourceTeamViewSet, "marketplace-provider-resource-team"),
    ("marketplace-provider-resources", MembershipReportViewSet, "marketplace-provider-resource-members"),
    ("marketplace-service-providers", ProviderKeysViewSet, "marketplace-service-provider-keys"),
    ("marketplace-resources", ConsumerResourceTeamViewSet, "marketplace-resource-team"),
)


def register(router: BaseRouter) -> None:
    for prefix, (view_set, basename) in VIEW_SETS.items():
        router.register(prefix, view_set, basename=basename)
    for prefix, actions, basename in ACTIONS:
        router.register(prefix, actions, basename=basename)

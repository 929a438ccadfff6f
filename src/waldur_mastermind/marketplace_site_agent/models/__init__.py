"""Agents and what they do, the accounts of users at their services, what they found there, what they are to be told."""

from waldur_mastermind.marketplace_site_agent.models.accounts import CourseAccount, ProjectServiceAccount
from waldur_mastermind.marketplace_site_agent.models.api_keys import ResourceApiKey
from waldur_mastermind.marketplace_site_agent.models.identities import AgentIdentity, AgentProcessor, AgentService
from waldur_mastermind.marketplace_site_agent.models.imports import BackendResource, BackendResourceRequest
from waldur_mastermind.marketplace_site_agent.models.offering_users import AttributeConfig, OfferingUser
from waldur_mastermind.marketplace_site_agent.models.queues import AgentMessage, AgentQueue
from waldur_mastermind.marketplace_site_agent.models.reports import AgentLog, MembershipReport
from waldur_mastermind.marketplace_site_agent.models.user_limits import UserUsageLimit

__all__ = [
    "AgentIdentity",
    "AgentLog",
    "AgentMessage",
    "AgentProcessor",
    "AgentQueue",
    "AgentService",
    "AttributeConfig",
    "BackendResource",
    "BackendResourceRequest",
    "CourseAccount",
    "MembershipReport",
    "OfferingUser",
    "ProjectServiceAccount",
    "ResourceApiKey",
    "UserUsageLimit",
]

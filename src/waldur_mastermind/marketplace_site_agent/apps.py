from django.apps import AppConfig


class MarketplaceSiteAgentConfig(AppConfig):
    name = "waldur_mastermind.marketplace_site_agent"
    label = "marketplace_site_agent"

    def ready(self) -> None:
        from waldur_core.structure.api import slug_search
        from waldur_mastermind.marketplace.plugins import register
        from waldur_mastermind.marketplace_site_agent import handlers  # noqa: F401  (connects the receivers)
        from waldur_mastermind.marketplace_site_agent.imports import findable_projects
        from waldur_mastermind.marketplace_site_agent.plugin import SiteAgentPlugin

        register(SiteAgentPlugin())
        slug_search.register(findable_projects)

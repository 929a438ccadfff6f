"""All routes. Each app registers its view sets with the one router, in its `urls.py`."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from waldur_core.events import urls as events_urls
from waldur_core.operations import urls as operations_urls
from waldur_core.permissions import urls as permissions_urls
from waldur_core.server import views
from waldur_core.structure import urls as structure_urls
from waldur_core.structure.api.auth import LogoutView, PasswordLoginView
from waldur_mastermind.billing import urls as billing_urls
from waldur_mastermind.marketplace import urls as marketplace_urls
from waldur_mastermind.marketplace_site_agent import urls as site_agent_urls
from waldur_openstack import urls as openstack_urls
from waldur_openstack_replication import urls as replication_urls

router = SimpleRouter()
MODULES = (
    structure_urls,
    permissions_urls,
    events_urls,
    operations_urls,
    openstack_urls,
    replication_urls,
    marketplace_urls,
    billing_urls,
    site_agent_urls,
)
for module in MODULES:
    module.register(router)

urlpatterns = [
    path("api-auth/password/", PasswordLoginView.as_view(), name="auth-password"),
    path("api-auth/logout/", LogoutView.as_view(), name="auth-logout"),
    path("api/schema/", views.SchemaView.as_view(), name="schema"),
    path("api/version/", views.VersionView.as_view(), name="version"),
    path("api/configuration/", views.ConfigurationView.as_view(), name="configuration"),
    path("api/", include(router.urls)),
]

handler404 = views.not_found
handler500 = views.server_error

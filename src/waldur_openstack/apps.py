from django.apps import AppConfig


class OpenstackConfig(AppConfig):
    name = "waldur_openstack"
    label = "openstack"

    def ready(self) -> None:
        from waldur_openstack import checks, handlers  # noqa: F401  (connects the receivers)
        from waldur_openstack.drift import handlers as drift_handlers  # noqa: F401
        from waldur_openstack.stuck import ERRANDS
        from waldur_openstack.sync.errands import register

        for task, work in ERRANDS.items():
            register(task, work)

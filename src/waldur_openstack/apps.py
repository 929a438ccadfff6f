from django.apps import AppConfig


class OpenstackConfig(AppConfig):
    name = "waldur_openstack"
    label = "openstack"

    def ready(self) -> None:
        from waldur_openstack import checks, handlers  # noqa: F401  (connects the receivers)
        from waldur_openstack.copies.errands import ERRANDS as OF_COPIES
        from waldur_openstack.drift import handlers as drift_handlers  # noqa: F401
        from waldur_openstack.stuck import ERRANDS as OF_STUCK_ROWS
        from waldur_openstack.sync.errands import register

        for task, work in (OF_STUCK_ROWS | OF_COPIES).items():
            register(task, work)

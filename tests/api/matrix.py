"""What the permission matrix expects, from the declared rule, the example and the roles of the cast. Not from the code
that decides: who sees an example stands in its registration, who holds a permission in the system roles."""

import re
from typing import Any

from tests.api.examples import EVERYBODY, EXAMPLES, PASSES, example_for
from tests.factories import Cast, client_of
from waldur_core.permissions.access import (
    Access,
    Holder,
    InBody,
    Public,
    Self,
    SignedIn,
    Staff,
    StaffOrSupport,
    Visible,
)
from waldur_core.permissions.strings import SYSTEM_ROLES, RoleName
from waldur_core.rest.endpoints import Endpoint

PEOPLE = ("anonymous", "stranger", "provider_owner", "member", "manager", "owner", "support", "staff")
ROLES = {
    "provider_owner": (RoleName.CUSTOMER_OWNER, "provider"),
    "member": (RoleName.PROJECT_MEMBER, "project"),
    "admin": (RoleName.PROJECT_ADMIN, "project"),
    "manager": (RoleName.PROJECT_MANAGER, "project"),
    "owner": (RoleName.CUSTOMER_OWNER, "customer"),
}
PERMISSIONS = {role.name: role.permissions for role in SYSTEM_ROLES}

ANSWERED = "answered"  # whatever the answer is, it is not a refusal
REFUSED = "refused"  # no success: the body alone tells whether 400 or 403


class Stage:
    """The cast, one example of each model, and a client for each person; made once, every request is undone."""

    def __init__(self) -> None:
        self.cast = Cast()
        self.clients = {name: client_of(getattr(self.cast, name, None)) for name in PEOPLE}
        self.examples = {label: example.build(self.cast) for label, example in EXAMPLES.items()}

    def example(self, model: Any) -> Any:
        return example_for(model) and self.examples[model._meta.label]

    def url(self, endpoint: Endpoint) -> str:
        if not endpoint.variable:
            return f"/{endpoint.path}"
        value = getattr(self.example(model_of(endpoint)), endpoint.view.lookup_field)
        path = f"/{endpoint.path}".replace(f"{{{endpoint.variable}}}", getattr(value, "hex", str(value)))
        path = re.sub(r"{(\w+)_id}", lambda found: self._part_of(endpoint, found[1]), path)
        return re.sub(r"{(\w+)_uuid}", lambda found: self._uuid_of(found[1]), path)

    def _part_of(self, endpoint: Endpoint, kind: str) -> str:
        """The number of what the example consists of: a rule of a group."""
        return str(getattr(self.example(model_of(endpoint)), f"{kind}s").first().pk)

    def _uuid_of(self, kind: str) -> str:
        """Of the example whose model is called so: the second variable of a path."""
        label = next(label for label in self.examples if label.lower().endswith(f".{kind}"))
        return str(self.examples[label].uuid.hex)

    def expected(self, endpoint: Endpoint, name: str) -> int | str:
        """The status that `name` gets, or one of the words above."""
        rule, model = endpoint.rule, model_of(endpoint)
        assert rule is not None
        if name == "anonymous" and not rule.anonymous:
            return 401
        if isinstance(rule, Staff):
            return ANSWERED if name == "staff" else 403
        if isinstance(rule, StaffOrSupport):
            return ANSWERED if name in ("staff", "support") else 403
        if endpoint.variable and not sees(endpoint, name):
            return 404
        if isinstance(rule, InBody):
            return ANSWERED if self.may_create(rule, model, name) else REFUSED
        if isinstance(rule, (Holder, Self)) or type(rule) in PASSES:
            return ANSWERED if self.may(rule, self.example(model), name) else 403
        assert isinstance(rule, (Public, SignedIn, Visible)), f"Say in PASSES who satisfies {rule}."
        if isinstance(rule, Visible) and endpoint.method != "get" and name == "support":
            return REFUSED  # reads everything, does nothing
        return 200 if endpoint.method == "get" and isinstance(rule, Visible) else ANSWERED

    def may(self, rule: Access, obj: Any, name: str) -> bool:
        if name == "staff":
            return True
        if type(rule) in PASSES:
            return name in PASSES[type(rule)]
        if isinstance(rule, Self):
            return bool(follow(obj, rule.owner) == getattr(self.cast, name))
        assert isinstance(rule, Holder)
        role, scope = ROLES.get(name, ("", ""))
        held = rule.permission in PERMISSIONS.get(role, ())  # type: ignore[call-overload]
        return held and getattr(self.cast, scope) in [follow(obj, path) for path in rule.on]

    def may_create(self, rule: InBody, model: Any, name: str) -> bool:
        role, scope = ROLES.get(name, ("", ""))
        on_it = scope in example_for(model).made_on
        return name == "staff" or (on_it and rule.permission in PERMISSIONS[role])  # type: ignore[index]

    def body(self, endpoint: Endpoint) -> dict[str, Any]:
        example = example_for(model_of(endpoint)) if endpoint.action == "create" else None
        return example.new(self.cast) if example and example.new else {}


def model_of(endpoint: Endpoint) -> Any:
    queryset = getattr(endpoint.view, "queryset", None)
    return None if queryset is None else queryset.model


def sees(endpoint: Endpoint, name: str) -> bool:
    """Whether the person sees the example of the endpoint's model, in this view."""
    example = example_for(model_of(endpoint))
    return name in ("staff", "support") or name in example.in_views.get(endpoint.view.__name__, example.seen_by)


def follow(obj: Any, path: str) -> Any:
    for part in filter(None, path.split(".")):
        obj = getattr(obj, part, None)
    return obj


assert set(ROLES) | {"stranger"} == EVERYBODY

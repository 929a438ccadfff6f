"""States of scopes in the words of the marketplace (states-and-flows §2.1)."""

from waldur_core.structure.states import CoreState as S
from waldur_mastermind.marketplace.models import Resource

R = Resource.State

# core state of the scope: state of the resource
RESOURCE_STATES = {
    S.CREATION_SCHEDULED: R.CREATING,
    S.CREATING: R.CREATING,
    S.OK: R.OK,
    S.ERRED: R.ERRED,
    S.UPDATE_SCHEDULED: R.UPDATING,
    S.UPDATING: R.UPDATING,
    S.DELETION_SCHEDULED: R.TERMINATING,
    S.DELETING: R.TERMINATING,
}

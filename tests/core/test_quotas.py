"""Quotas: nothing passes a limit, also when two ask at once."""

import threading
from typing import Any

import pytest
from django.db import connections

from tests.factories import Cast, client_of, make_project
from waldur_core.events.models import Event
from waldur_core.quotas.counters import (
    QuotaExceeded,
    as_list,
    change,
    check,
    count,
    quotas_of,
    release,
    set_limits,
    set_usages,
)
from waldur_core.structure.models import Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = make_project(name="P")
    set_limits(project, {"vcpu": 4, "ram": 1024, "any": -1, "none": 0})
    return project


def usage(project: Project) -> dict[str, int]:
    return {row["name"]: row["usage"] for row in as_list(quotas_of(project)) if row["usage"]}


def test_usage_grows_up_to_the_limit_and_not_beyond(project: Project) -> None:
    change(project, {"vcpu": 3})
    change(project, {"vcpu": 1})
    with pytest.raises(QuotaExceeded):
        change(project, {"vcpu": 1})
    assert usage(project) == {"vcpu": 4}


def test_all_or_nothing(project: Project) -> None:
    with pytest.raises(QuotaExceeded):
        change(project, {"ram": 512, "vcpu": 5})
    assert usage(project) == {}


def test_the_refusal_names_every_quota_that_is_too_small(project: Project) -> None:
    change(project, {"vcpu": 2})
    with pytest.raises(QuotaExceeded) as refused:
        change(project, {"vcpu": 3, "none": 1, "ram": 1})
    assert refused.value.status_code == 400
    assert refused.value.detail == {
        "non_field_errors": [
            "Quota none of P is too small: limit 0, used 0, asked for 1 more.",
            "Quota vcpu of P is too small: limit 4, used 2, asked for 3 more.",
        ]
    }


def test_zero_means_none_and_minus_one_no_limit(project: Project) -> None:
    with pytest.raises(QuotaExceeded):
        change(project, {"none": 1})
    change(project, {"any": 10**12})
    assert usage(project) == {"any": 10**12}


def test_what_is_not_counted_is_not_limited(project: Project) -> None:
    change(project, {"unknown": 7})
    assert usage(project) == {}


def test_giving_back_is_always_possible(project: Project) -> None:
    change(project, {"vcpu": 4})
    set_limits(project, {"vcpu": 1})
    release(project, {"vcpu": 3})
    assert usage(project) == {"vcpu": 1}
    with pytest.raises(QuotaExceeded):
        change(project, {"vcpu": 1})


def test_a_mixed_change_takes_and_gives_in_one_go(project: Project) -> None:
    change(project, {"vcpu": 4})
    change(project, {"vcpu": -2, "ram": 1024})
    assert usage(project) == {"vcpu": 2, "ram": 1024}


def test_new_limits_leave_the_usage(project: Project) -> None:
    change(project, {"vcpu": 2})
    set_limits(project, {"vcpu": 10, "new": 1})
    assert usage(project) == {"vcpu": 2}
    assert {row["name"]: row["limit"] for row in as_list(quotas_of(project))}["vcpu"] == 10


def test_usages_counted_elsewhere_replace_ours(project: Project) -> None:
    set_usages(project, {"vcpu": 9, "unknown": 1})
    assert usage(project) == {"vcpu": 9}


def test_usages_that_did_not_change_are_not_written(project: Project, django_assert_num_queries: Any) -> None:
    set_usages(project, {"vcpu": 1})
    with django_assert_num_queries(1):
        set_usages(project, {"vcpu": 1, "ram": 0})


def test_a_check_says_what_a_change_would_and_moves_nothing(project: Project) -> None:
    check(project, {"vcpu": 4, "any": 5, "unknown": 1})
    with pytest.raises(QuotaExceeded, match="Quota vcpu of P is too small"):
        check(project, {"vcpu": 5})
    assert usage(project) == {}


def test_each_scope_has_counters_of_its_own(project: Project) -> None:
    other = make_project()
    set_limits(other, {"vcpu": 1})
    change(project, {"vcpu": 4})
    change(other, {"vcpu": 1})
    assert usage(other) == {"vcpu": 1}


def test_any_number_of_counters_moves_in_one_statement(project: Project, django_assert_num_queries: Any) -> None:
    change(project, {"vcpu": 1})  # the content type is known from here on
    with django_assert_num_queries(1):
        count(project, {"vcpu": 1, "ram": 2, "any": 3})
    with django_assert_num_queries(4):  # with the savepoint
        change(project, {"vcpu": 0, "ram": 2, "any": 3})
    assert usage(project) == {"vcpu": 2, "ram": 4, "any": 6}


def told(project: Project) -> list[tuple[str, str]]:
    found = Event.objects.filter(scope_uuid=project.uuid).order_by("pk")
    return [(event.event_type, event.context["quota_name"]) for event in found]


def test_each_level_is_told_once_when_it_is_reached(project: Project) -> None:
    change(project, {"vcpu": 2})
    assert told(project) == []
    change(project, {"vcpu": 1})
    change(project, {"ram": 1})
    assert told(project) == [("quota_nearly_used", "vcpu")]
    change(project, {"vcpu": 1})
    assert told(project) == [("quota_nearly_used", "vcpu"), ("quota_used_up", "vcpu")]


def test_from_nothing_to_the_limit_is_one_event(project: Project) -> None:
    change(project, {"vcpu": 4, "any": 10**9})
    assert told(project) == [("quota_used_up", "vcpu")]


def test_a_level_is_told_again_after_the_usage_has_fallen_below_it(project: Project) -> None:
    change(project, {"vcpu": 3})
    release(project, {"vcpu": 1})
    change(project, {"vcpu": 1})
    assert told(project) == [("quota_nearly_used", "vcpu")] * 2


def test_a_lower_limit_and_a_pulled_usage_reach_levels_too(project: Project) -> None:
    change(project, {"vcpu": 2})
    set_limits(project, {"vcpu": 2})
    set_usages(project, {"ram": 900})
    assert told(project) == [("quota_used_up", "vcpu"), ("quota_nearly_used", "ram")]


def test_what_was_refused_is_not_told(project: Project) -> None:
    with pytest.raises(QuotaExceeded):
        change(project, {"vcpu": 3, "ram": 2000})
    assert told(project) == []


def test_the_members_of_the_project_read_the_notice(cast: Cast) -> None:
    set_limits(cast.project, {"vcpu": 1})
    change(cast.project, {"vcpu": 1})
    for person in (cast.member, cast.owner):
        events = client_of(person).get("/api/events/", {"event_type": "quota_used_up"}).json()
        assert [event["message"] for event in events] == ["Quota vcpu of Project is used up: 1 of 1."]
    assert client_of(cast.stranger).get("/api/events/", {"event_type": "quota_used_up"}).json() == []


@pytest.mark.django_db(transaction=True)
def test_two_at_once_cannot_pass_one_gap() -> None:
    project = make_project(name="P")
    set_limits(project, {"vcpu": 5, "ram": 5})
    outcomes: list[str] = []
    start = threading.Barrier(8)

    def order() -> None:
        start.wait()
        try:
            change(project, {"vcpu": 1, "ram": 1})
            outcomes.append("got it")
        except QuotaExceeded:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=order) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes) == ["got it"] * 5 + ["refused"] * 3
    assert usage(project) == {"vcpu": 5, "ram": 5}

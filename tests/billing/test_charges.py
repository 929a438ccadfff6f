"""What a month costs: by plan, unit, limit and usage."""

import pytest

from tests.billing.histories import ANNUAL, CORES, FLAT, QUARTERLY, RAM, SETUP, SWITCH, TOTAL, TRAFFIC, Life


def test_a_whole_month_costs_the_price_times_the_limit() -> None:
    life = Life().plan("A", {CORES: 10, RAM: 4}).begins("A", "2024-01-10", cores=2, ram=2048)
    assert life.lines("2024-02") == [("cores", "02-01", "03-01", "20.00"), ("ram", "02-01", "03-01", "8.00")]
    assert life.total("2024-02") == "28.00"


def test_a_month_begun_is_paid_by_the_day_with_the_first_day() -> None:
    life = Life().plan("A", {CORES: 31}).begins("A", "2024-01-30T18:00", cores=1)
    assert life.lines("2024-01") == [("cores", "01-30", "02-01", "2.00")]
    assert life.total("2023-12") == "0.00"


def test_the_last_day_is_paid_and_nothing_after_it() -> None:
    life = Life().plan("A", {CORES: 29}).begins("A", "2024-01-01", cores=1).ends("2024-02-03T00:00:01")
    assert life.lines("2024-02") == [("cores", "02-01", "02-04", "3.00")]
    assert life.total("2024-03") == "0.00"


def test_an_end_at_midnight_belongs_to_the_day_before() -> None:
    life = Life().plan("A", {CORES: 29}).begins("A", "2024-01-01", cores=1).ends("2024-02-03T00:00")
    assert life.lines("2024-02") == [("cores", "02-01", "02-03", "2.00")]


def test_what_lived_for_a_minute_pays_a_day() -> None:
    life = Life().plan("A", {CORES: 29}).begins("A", "2024-02-05T10:00", cores=1).ends("2024-02-05T10:01")
    assert life.lines("2024-02") == [("cores", "02-05", "02-06", "1.00")]


def test_another_limit_splits_the_month_without_gap_or_overlap() -> None:
    life = Life().plan("A", {CORES: 30, RAM: 30}).begins("A", "2024-03-15", cores=1, ram=1024)
    life.has("2024-04-11T15:30", cores=3, ram=1024)
    assert life.lines("2024-04") == [
        ("cores", "04-01", "04-11", "10.00"),
        ("ram", "04-01", "05-01", "30.00"),
        ("cores", "04-11", "05-01", "60.00"),
    ]


def test_a_day_with_many_limits_is_paid_by_the_last() -> None:
    life = Life().plan("A", {CORES: 30}).begins("A", "2024-04-01", cores=1)
    life.has("2024-04-11T01:00", cores=9).has("2024-04-11T02:00", cores=9).has("2024-04-11T23:59", cores=2)
    assert life.lines("2024-04") == [("cores", "04-01", "04-11", "10.00"), ("cores", "04-11", "05-01", "40.00")]


def test_a_limit_that_comes_back_the_same_day_changes_nothing() -> None:
    life = Life().plan("A", {CORES: 30}).begins("A", "2024-04-01", cores=1)
    life.has("2024-04-11T01:00", cores=9).has("2024-04-11T02:00", cores=1)
    assert life.lines("2024-04") == [("cores", "04-01", "05-01", "30.00")]


def test_a_limit_of_zero_costs_nothing_and_makes_no_line() -> None:
    life = Life().plan("A", {CORES: 30}).begins("A", "2024-04-01", cores=1).has("2024-04-16", cores=0)
    assert life.lines("2024-04") == [("cores", "04-01", "04-16", "15.00")]
    assert life.lines("2024-05") == []


def test_a_limit_is_counted_in_measured_units() -> None:
    life = Life().plan("A", {RAM: 10}).begins("A", "2024-01-01", ram=1536)
    (charge,) = life.charges("2024-01")
    assert (str(charge.quantity), str(charge.price)) == ("1.5000000000", "15.0000000000")


def test_a_switch_of_plan_ends_one_price_and_begins_the_other() -> None:
    life = Life().plan("A", {CORES: 30}).plan("B", {CORES: 60}).begins("A", "2024-01-01", cores=1)
    life.begins("B", "2024-04-21T12:00")
    assert life.lines("2024-04") == [("cores", "04-01", "04-21", "20.00"), ("cores", "04-21", "05-01", "20.00")]


def test_a_plan_left_on_the_day_it_began_costs_nothing() -> None:
    life = Life().plan("A", {CORES: 30}).plan("B", {CORES: 600}).begins("A", "2024-01-01", cores=1)
    life.begins("B", "2024-04-21T12:00").begins("A", "2024-04-21T13:00")
    assert life.total("2024-04") == "30.00"


def test_a_new_price_holds_from_its_day_on() -> None:
    life = Life().plan("A", {CORES: 30}).begins("A", "2024-01-01", cores=1).costs("A", CORES, 60, "2024-05-01")
    assert [life.total(month) for month in ("2024-04", "2024-05")] == ["30.00", "60.00"]


def test_fixed_components_are_paid_by_their_included_amount() -> None:
    life = Life().plan("A", {FLAT: (5, 3), CORES: 30}, flat=99).begins("A", "2024-04-16", cores=1)
    assert life.lines("2024-04") == [("cores", "04-16", "05-01", "15.00"), ("flat", "04-16", "05-01", "7.50")]


def test_a_plan_without_fixed_components_has_its_own_price() -> None:
    life = Life().plan("A", {CORES: 0}, flat=99).begins("A", "2024-01-01", cores=1)
    assert life.lines("2024-04") == [("", "04-01", "05-01", "99.00"), ("cores", "04-01", "05-01", "0.00")]


@pytest.mark.parametrize(
    ("unit", "april", "from_the_16th"),
    [
        ("month", "12.00", "6.00"),
        ("half_month", "24.00", "12.00"),
        ("quarter", "4.00", "2.00"),
        ("day", "360.00", "180.00"),
        ("hour", "8640.00", "4320.00"),
        ("quantity", "0.00", "12.00"),
    ],
)
def test_units_say_for_how_long_a_price_pays(unit: str, april: str, from_the_16th: str) -> None:
    whole = Life().plan("A", {CORES: 12}, unit).begins("A", "2024-01-01", cores=1)
    assert whole.total("2024-04") == april, "what is paid by piece was paid in January"
    assert Life().plan("A", {CORES: 12}, unit).begins("A", "2024-04-16", cores=1).total("2024-04") == from_the_16th


def test_halves_of_a_long_month_cost_the_same() -> None:
    first = Life().plan("A", {CORES: 12}, "half_month").begins("A", "2024-01-01", cores=1).ends("2024-01-16")
    second = Life().plan("A", {CORES: 12}, "half_month").begins("A", "2024-01-16", cores=1)
    assert first.total("2024-01") == second.total("2024-01") == "12.00"


def test_plans_by_the_hour_count_hours_begun() -> None:
    life = Life().plan("A", {CORES: 2}, "hour").begins("A", "2024-01-31T22:30", cores=1).ends("2024-02-01T01:01")
    assert life.lines("2024-01") == [("cores", "01-31 22:00", "02-01", "4.00")]
    assert life.lines("2024-02") == [("cores", "02-01", "02-01 02:00", "4.00")]


def test_from_days_to_hours_and_back_no_hour_is_paid_twice() -> None:
    life = Life().plan("A", {CORES: 30}).plan("B", {CORES: 1}, "hour").begins("A", "2024-04-01", cores=1)
    life.begins("B", "2024-04-11T12:30").begins("A", "2024-04-11T18:30")
    assert life.lines("2024-04") == [
        ("cores", "04-01", "04-11 12:00", "10.50"),
        ("cores", "04-11 12:00", "04-11 18:00", "6.00"),
        ("cores", "04-11 18:00", "05-01", "19.25"),
    ]


def test_quarters_and_years_are_paid_in_monthly_parts() -> None:
    life = Life().plan("A", {QUARTERLY: 30, ANNUAL: 120}).begins("A", "2024-01-01", support=1, licence=1)
    assert [life.total(f"2024-{month:02}") for month in (1, 2, 3)] == ["20.00"] * 3
    assert life.total(*(f"2024-{month:02}" for month in range(1, 13))) == "240.00"


def test_a_total_limit_is_paid_once_and_its_growth_once() -> None:
    life = Life().plan("A", {TOTAL: 5}).begins("A", "2024-01-10T09:00", archive=10)
    life.has("2024-02-05T10:00", archive=14).has("2024-02-06", archive=3).has("2024-02-07", archive=15)
    assert life.lines("2024-01") == [("archive", "01-10 09:00", "01-10 09:00", "50.00")]
    assert [line[3] for line in life.lines("2024-02")] == ["20.00", "5.00"]
    assert life.lines("2024-03") == []


def test_a_total_limit_is_not_paid_again_on_another_plan() -> None:
    life = Life().plan("A", {TOTAL: 5}).plan("B", {TOTAL: 7}).begins("A", "2024-01-10", archive=10)
    life.begins("B", "2024-02-10").has("2024-02-20", archive=11)
    assert life.lines("2024-02") == [("archive", "02-20", "02-20", "7.00")]


def test_setting_up_and_switching_are_paid_once() -> None:
    prices = {SETUP: (50, 1), SWITCH: (7, 1)}
    life = Life().plan("A", prices).plan("B", prices).begins("A", "2024-01-10T09:00")
    life.begins("B", "2024-02-10T09:00").begins("A", "2024-02-10T10:00")
    assert [line[0] for line in life.lines("2024-01")] == ["setup"]
    assert [(line[0], line[3]) for line in life.lines("2024-02")] == [("switch", "7.00")] * 2
    assert life.total("2024-03") == "0.00"


def test_usage_is_paid_at_the_price_of_the_plan_it_fell_under() -> None:
    life = Life().plan("A", {TRAFFIC: 2}).plan("B", {TRAFFIC: 3}).begins("A", "2024-01-01").begins("B", "2024-04-11")
    life.uses(TRAFFIC, "1.5", 0).uses(TRAFFIC, 10, 1)
    assert life.lines("2024-04") == [
        ("traffic", "04-01", "04-11", "3.00"),
        ("traffic", "04-11", "05-01", "30.00"),
    ]


def test_what_is_not_billable_costs_nothing() -> None:
    life = Life().plan("A", {CORES: 30}, flat=5).begins("A", "2024-01-01", cores=1)
    life.resource.offering.billable = False
    assert life.charges("2024-04") == []


def test_without_a_plan_nothing_is_paid() -> None:
    assert Life().charges("2024-04") == []


def test_a_plan_by_the_hour_between_plans_by_the_day_is_not_paid_again() -> None:
    life = Life().plan("A", {CORES: 31}).plan("B", {CORES: 1}, "hour").begins("A", "2024-01-10T00:10", cores=1)
    life.begins("B", "2024-01-10T00:30").begins("A", "2024-01-10T01:20").begins("A", "2024-01-10T02:00")
    assert life.lines("2024-01")[0] == ("cores", "01-10", "01-10 01:00", "1.00")
    assert life.lines("2024-01")[1][:3] == ("cores", "01-10 01:00", "02-01")

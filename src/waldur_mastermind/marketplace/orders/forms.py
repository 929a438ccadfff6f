"""Checks the answers to an offering's form (`offering.options`: {order, options: {key: {type, label, …}}})."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.dateparse import parse_date
from rest_framework.exceptions import ValidationError


def check_form(form: Mapping[str, Any], answers: Mapping[str, Any]) -> None:
    """Raise ValidationError({attributes: [..]}) that names every answer that is missing or wrong."""
    problems = [
        problem
        for key, option in (form.get("options") or {}).items()
        if (problem := _problem(option, answers.get(key), option.get("label") or key))
    ]
    if problems:
        raise ValidationError({"attributes": problems})


def _problem(option: Mapping[str, Any], answer: Any, label: str) -> str:
    if answer is None or answer == "":
        return f"{label} is required." if option.get("required") else ""
    check = _CHECKS.get(option.get("type", ""))
    return f"{label}: {reason}." if check and (reason := check(option, answer)) else ""


def _text(option: Mapping[str, Any], answer: Any) -> str:
    return "" if isinstance(answer, str) else "give a text"


def _number(option: Mapping[str, Any], answer: Any) -> str:
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return "give a number"
    if option.get("type") == "integer" and answer != int(answer):
        return "give a whole number"
    if option.get("min") is not None and answer < option["min"]:
        return f"give at least {option['min']}"
    if option.get("max") is not None and answer > option["max"]:
        return f"give at most {option['max']}"
    return ""


def _boolean(option: Mapping[str, Any], answer: Any) -> str:
    return "" if isinstance(answer, bool) else "give true or false"


def _choice(option: Mapping[str, Any], answer: Any) -> str:
    return (
        "" if answer in option.get("choices", ()) else f"choose one of {', '.join(map(str, option.get('choices', ())))}"
    )


def _choices(option: Mapping[str, Any], answer: Any) -> str:
    if not isinstance(answer, list):
        return "give a list"
    return next((reason for item in answer if (reason := _choice(option, item))), "")


def _date(option: Mapping[str, Any], answer: Any) -> str:
    try:
        return "" if isinstance(answer, str) and parse_date(answer) else "give a date as YYYY-MM-DD"
    except ValueError:
        return "there is no such date"


_CHECKS: dict[str, Callable[[Mapping[str, Any], Any], str]] = {
    "string": _text,
    "text": _text,
    "html_text": _text,
    "integer": _number,
    "money": _number,
    "boolean": _boolean,
    "select_string": _choice,
    "select_string_multi": _choices,
    "date": _date,
}

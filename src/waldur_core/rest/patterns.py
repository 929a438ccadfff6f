"""Regular expressions that are given to PostgreSQL."""

from django.db import DataError, connection, transaction


def problem_of_pattern(pattern: str) -> str:
    """Why PostgreSQL cannot use the pattern; empty when it can."""
    if "\0" in pattern:
        return "Null characters are not allowed."
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT '' ~ %s", [pattern])
    except DataError as error:
        reason = str(error).partition("\n")[0].removeprefix("invalid regular expression: ")
        return f"This is not a regular expression: {reason}."
    return ""

"""Keeps secrets out of log lines and error texts, whatever a library decides to print."""

import logging
import re

MASK = "***"
_NAMES = r"password|user_password|adminPass|secret|token|x-auth-token|x-subject-token|authorization|user_data"
_PAIR = re.compile(
    rf"""(?ix) (\\?["']? (?:{_NAMES}) \\?["']? \s*[:=]\s*)
    (?: \\"[^"]*?\\"                                     # JSON within JSON
      | "(?:[^"\\]|\\.)*(?:"|$) | '(?:[^'\\]|\\.)*(?:'|$)  # to the end where the text was cut off
      | (?:(?:Token|Bearer|Basic)\s+)? [^\s,}}&"'\\]+ )"""
)
_USERINFO = re.compile(r"(://[^/\s:@]+:)[^/\s@]+@")


def redact(text: str) -> str:
    """Mask the values of secret-looking keys in `text` (JSON, repr, headers, query strings) and passwords in URLs."""
    return _USERINFO.sub(rf"\1{MASK}@", _PAIR.sub(rf"\1{MASK}", text))


class RedactingFilter(logging.Filter):
    """Rewrites each record once, with its arguments folded in, before any handler sees it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True

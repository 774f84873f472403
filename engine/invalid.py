"""What pydantic finds wrong with a value, in words of ours, so that it can be said in any language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.message import phrase

WORDS = {
    "greater_than": "it should be greater than {gt}",
    "greater_than_equal": "it should be greater than or equal to {ge}",
    "less_than": "it should be less than {lt}",
    "less_than_equal": "it should be less than or equal to {le}",
    "int_parsing": "it should be a valid integer",
    "int_type": "it should be a valid integer",
    "int_from_float": "it should be a whole number",
    "float_parsing": "it should be a valid number",
    "float_type": "it should be a valid number",
    "finite_number": "it should be a finite number",
    "bool_parsing": "it should be true or false",
    "bool_type": "it should be true or false",
    "string_type": "it should be a text",
    "string_too_long": "it should have at most {max_length} characters",
    "tuple_type": "it should be a list",
    "list_type": "it should be a list",
    "dict_type": "it should be names with values",
    "too_short": "it should have at least {min_length} values",
    "too_long": "it should have at most {max_length} values",
    "literal_error": "it should be {some} or {last}",
    "missing": "it is missing",
}
"""By pydantic's names of what may be wrong."""
WRITTEN = {
    "train_samples": "give a number such as 2000, a share such as 10%, or all",
    "validation_samples": "give a number such as 2000, or a share such as 10%",
    "threads": "give auto or a number",
}
"""How the settings are written that are texts of a pattern."""


def why_invalid(found: Mapping[str, Any]) -> str:
    """What a value should be, by an error as pydantic tells it with its context."""
    kind, values = found["type"], dict(found.get("ctx", {}))
    if kind == "literal_error":
        *some, last = re.findall("'[^']*'", values["expected"]) or [values["expected"]]
        if not some:
            return phrase("only_literal", "it should be {last}", last=last)
        values = {"some": ", ".join(some), "last": last}
    field = str(found["loc"][-1]) if found["loc"] else ""
    if kind == "string_pattern_mismatch" and field in WRITTEN:
        return phrase("written", WRITTEN[field])
    if kind in WORDS:
        return phrase(kind, WORDS[kind], **values)
    text = found["msg"].removeprefix("Value error, ")
    text = text[:1].lower() + text[1:]
    return phrase("invalid", text.replace("input should", "it should"))

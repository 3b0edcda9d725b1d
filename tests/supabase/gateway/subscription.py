"""What a channel wants to hear of: an event, a table, a filter on columns."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.supabase.gateway.changes import Change

_CONDITION = re.compile(r"(?P<column>\w+)=(?P<operator>eq|neq|in)\.(?P<value>.+)")


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """One filter of a join.

    Args:
        id: The number that a change frame names.
        event: "INSERT", "UPDATE", "DELETE" or "*".
        schema: "*" for any.
        table: "*" for any.
        condition: Column, operator and values; none lets every row through.
    """

    id: int
    event: str
    schema: str
    table: str
    condition: tuple[str, str, tuple[str, ...]] | None

    @classmethod
    def of(cls, asked: Mapping[str, Any], id: int) -> "Subscription":
        """Reads a filter of a join.

        Raises:
            ValueError: If it has a filter that this server does not know.
        """
        condition = None
        if asked.get("filter"):
            match = _CONDITION.fullmatch(asked["filter"])
            if match is None:
                raise ValueError(f"filter is {asked['filter']!r}; this server knows eq, neq and in")
            column, operator, value = match.groups()
            values = tuple(value.strip("()").split(",")) if operator == "in" else (value,)
            condition = (column, operator, values)
        return cls(
            id=id, event=asked.get("event") or "*", schema=asked.get("schema") or "public",
            table=asked.get("table") or "*", condition=condition,
        )  # fmt: skip

    def wants(self, change: Change) -> bool:
        """True if the change is of this kind; a filter says nothing of a deleted row."""
        wanted = ((self.event, change.type), (self.schema, change.schema), (self.table, change.table))
        if not all(asked in ("*", is_so) for asked, is_so in wanted):
            return False
        if self.condition is None or change.type == "DELETE":
            return True
        column, operator, values = self.condition
        value = change.record.get(column)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return value is not None and (text in values) == (operator != "neq")

"""What was done to an item, as one string, so that every stock collate function can batch it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis import Refusal, SynthesisRequest, SyntheticSample
from medsynth_aug.synthesis.digest import canonical_json

UNTOUCHED = ""
"""The record of an item that was not painted and was not meant to be."""


@dataclass(frozen=True, slots=True)
class SynthesisRecord:
    """What was asked for one item, and what came of it.

    An item carries it as text (`to_text`), never as a dict: stock collate functions turn dicts into dicts of
    lists and fail where items differ, while a batch of strings is a list of strings.

    Args:
        request: What was asked; its digest is the sample's id.
        refusal: Why the item was left as it was, or None if the lesion was painted.
        provenance: What was drawn and what made it; empty after a refusal.
    """

    request: SynthesisRequest
    refusal: str | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, outcome: SyntheticSample | Refusal) -> "SynthesisRecord":
        """The record of what a synthesizer gave back."""
        if isinstance(outcome, Refusal):
            return cls(outcome.request, refusal=outcome.reason)
        return cls(outcome.request, provenance=dict(outcome.provenance))

    def to_text(self) -> str:
        """The record as canonical JSON; `read_record` gives it back equal."""
        return canonical_json(
            {
                "request": self.request.to_json(),
                "refusal": self.refusal,
                "provenance": dict(self.provenance),
            }
        )


def read_record(text: str) -> SynthesisRecord | None:
    """The record that an item carries, or None if it was not touched.

    Args:
        text: The item's value under `record_key`.

    Raises:
        SettingError: If the text is no such record.
    """
    if text == UNTOUCHED:
        return None
    try:
        data = json.loads(text)
        request = SynthesisRequest.from_json(data["request"])
        return SynthesisRecord(request, data["refusal"], data["provenance"])
    except (TypeError, KeyError, json.JSONDecodeError) as problem:
        raise SettingError(
            f"{str(text)[:60]!r} is not a record of RandSynthesizeLesiond; read the item's "
            "record_key, and if your data uses that key already, choose another record_key"
        ) from problem

"""Rows of the bank: what is written down about a sample or a refusal, and back."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from medsynth_aug.bank.packing import unpack_sample
from medsynth_aug.bank.schema import events, samples
from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis.digest import canonical_json
from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.sample import Refusal, SyntheticSample


def sample_record(sample: SyntheticSample, data: bytes) -> dict[str, Any]:
    """The row of a sample whose packed pixels are `data`; all but whether it is virtual.

    Raises:
        SettingError: If provenance or timings are not plain JSON.
    """
    request = sample.request
    return {
        "digest": sample.digest,
        "lesion": sample.lesion,
        "purpose": request.purpose,
        "source": request.source,
        "slot": request.slot,
        "attempt": request.attempt,
        "parent": request.parent,
        "request": request.to_json(),
        "provenance": _plain("provenance", sample.provenance),
        "timings": _plain("timings", sample.timings),
        "box": None if sample.box is None else list(sample.box),
        "created_at": datetime.now(UTC),
        "file_digest": hashlib.sha256(data).hexdigest(),
        "file_size": len(data),
    }


def refusal_record(refusal: Refusal) -> dict[str, Any]:
    """The row of a refusal."""
    request = refusal.request
    return {
        "digest": request.digest,
        "lesion": request.lesion_name,
        "source": request.source,
        "request": request.to_json(),
        "reason": refusal.reason,
        "final": refusal.final,
        "created_at": datetime.now(UTC),
    }


def sample_of(row: Row[Any], data: bytes) -> SyntheticSample:
    """The sample of a row and its packed pixels.

    Raises:
        ValueError: If the bytes are not a packed sample.
    """
    image, mask, edit_region, value_range, spacing = unpack_sample(data)
    return SyntheticSample(
        request=SynthesisRequest.from_json(row.request),
        image=image,
        mask=mask,
        edit_region=edit_region,
        value_range=value_range,
        spacing=spacing,
        provenance=row.provenance,
        timings=row.timings,
    )


def refusal_of(row: Row[Any]) -> Refusal:
    """The refusal of a row."""
    return Refusal(SynthesisRequest.from_json(row.request), row.reason, row.final)


def is_virtual(connection: Connection, request: SynthesisRequest) -> bool:
    """True if the chain of sources reaches no real image; an unknown link counts as real."""
    if request.is_virtual is not None:
        return request.is_virtual
    link = samples.c.digest == request.source.removeprefix("sample:")
    return bool(connection.execute(select(samples.c.virtual).where(link)).scalar())


def note_event(connection: Connection, kind: str, subject: str) -> None:
    """Write to the outbox what happened to a digest; it counts when the transaction does."""
    note_events(connection, kind, [subject])


def note_events(connection: Connection, kind: str, subjects: Sequence[str]) -> None:
    """Write to the outbox what happened to several digests."""
    at = datetime.now(UTC)
    if subjects:
        connection.execute(events.insert(), [{"kind": kind, "subject": each, "at": at} for each in subjects])


def as_utc(at: datetime) -> datetime:
    """A stored time, which SQLite gives back without its zone."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _plain(name: str, data: Any) -> dict[str, Any]:
    try:
        canonical_json(dict(data))
    except (TypeError, ValueError) as problem:
        raise SettingError(f"{name} of the sample is not plain JSON: {problem}") from problem
    return dict(data)

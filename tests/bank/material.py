"""Small real things to store: sources, requests and samples."""

from typing import Any

import torch

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.bank import SampleBank
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.synthesis import (
    FakeSynthesizer,
    Job,
    SourceImage,
    SynthesisRequest,
    SyntheticSample,
    real_source,
)
from medsynth_aug.synthesis.canvas import Canvas

DTYPES = (torch.uint8, torch.uint16, torch.int16, torch.float32)


def radiograph(number: int = 0, dtype: torch.dtype = torch.uint8, size: int = 96) -> SourceImage:
    """A source of noise; each number gives another one."""
    chance = torch.Generator().manual_seed(number)
    pixels = torch.randint(0, 200, (1, size, size + 3), generator=chance).to(dtype)
    return real_source(pixels, value_range=(0, 255), spacing_mm=(2.5, 2.5))


def request(source: SourceImage, slot: str = "0", **changes: Any) -> SynthesisRequest:
    """A nodule for the fake synthesizer."""
    settings: dict[str, Any] = {
        "source": source.digest,
        "lesion": resolve_lesion("nodule"),
        "engine": FakeSynthesizer().fingerprint,
        "seed": 0,
        "slot": slot,
    }
    return SynthesisRequest(**(settings | changes))


def sample(number: int = 0, dtype: torch.dtype = torch.uint8, **changes: Any) -> SyntheticSample:
    """A sample that the fake synthesizer made; each number gives another one."""
    source = radiograph(number, dtype)
    (made,) = FakeSynthesizer().synthesize([Job(request(source, str(number), **changes), source)])
    assert isinstance(made, SyntheticSample), made
    return made


def whole_request(bank: SampleBank, **changes: Any) -> SynthesisRequest:
    """A whole image without a source, its anatomy kept in the bank."""
    canvas = Canvas(prompt="frontal chest radiograph, no finding, whole", height=80, width=70)
    settings: dict[str, Any] = {
        "source": "none",
        "lesion": None,
        "canvas": canvas,
        "anatomy_digest": bank.put_map(schematic_lungs((80, 70))),
        "purpose": "patient",
        "engine": FakeSynthesizer().fingerprint,
        "seed": 0,
        "slot": "patient/0",
    }
    return SynthesisRequest(**(settings | changes))


def whole_image(bank: SampleBank) -> SyntheticSample:
    """A whole image that the fake synthesizer made."""
    request = whole_request(bank)
    (made,) = FakeSynthesizer().synthesize([Job(request, None, anatomy=schematic_lungs((80, 70)))])
    assert isinstance(made, SyntheticSample), made
    return made


def assert_same(found: SyntheticSample, expected: SyntheticSample) -> None:
    """Check that two samples are equal in everything."""
    assert found.request == expected.request
    for name in ("image", "mask", "edit_region"):
        left, right = getattr(found, name), getattr(expected, name)
        assert left.dtype == right.dtype
        assert torch.equal(left, right), name
    for name in ("digest", "lesion", "box", "value_range", "spacing", "provenance", "timings"):
        assert getattr(found, name) == getattr(expected, name), name


def rows(bank: SampleBank, query: str) -> list[tuple[Any, ...]]:
    """What the bank's own database answers."""
    with bank._database.reading() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def happened(bank: SampleBank) -> list[tuple[str, str]]:
    """What the outbox says, in order, but for consents."""
    return rows(
        bank, "SELECT kind, subject FROM events WHERE kind IN ('sample', 'refusal', 'forgotten') ORDER BY id"
    )  # type: ignore

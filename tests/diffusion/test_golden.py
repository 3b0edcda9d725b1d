"""Pixels of stored requests: if a change of the code changes them, `PIXEL_VERSION` must be raised by hand.

After a change that was meant: raise `PIXEL_VERSION`, run `python -m tests.diffusion.test_golden`, look at
what changed, and commit the new file with it.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import torch

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.benchmark.source import phantom
from medsynth_aug.diffusion import LesionSynthesizer
from medsynth_aug.lesions import lesion_names, resolve_lesion
from medsynth_aug.synthesis import (
    FakeSynthesizer,
    Job,
    SamplingSettings,
    SynthesisRequest,
    Synthesizer,
    SyntheticSample,
    real_source,
)
from medsynth_aug.synthesis.request import PIXEL_VERSION
from tests.diffusion.conftest import write_starter_like

STORED = Path(__file__).parent / "golden.json"
BLOCKS = 8
TOLERANCE = 5e-4
"""Mean change of a block in shares of the value range; on other processors sums round differently."""

SIZE = 192
SAMPLING = SamplingSettings(num_inference_steps=2, strength=0.5)


def changes(engine: Synthesizer, stored_as: str) -> dict[str, list[float]]:
    """Mean change of each of 8 x 8 blocks for every lesion of the catalogue, in shares of the value range."""
    pixels = torch.from_numpy(phantom(SIZE))[None]
    source = real_source(pixels, value_range=(0, 1), spacing_mm=(350 / SIZE, 350 / SIZE))
    found = {}
    for name in lesion_names():
        lesion = resolve_lesion(name)
        request = SynthesisRequest(
            source=source.digest, lesion=lesion, engine=stored_as, seed=7, slot="golden", sampling=SAMPLING
        )
        result = engine.synthesize([Job(request, source, anatomy=schematic_lungs((SIZE, SIZE)))])[0]
        if isinstance(result, SyntheticSample):
            change = (result.image - pixels)[0].numpy()
            side = SIZE // BLOCKS
            means = change.reshape(BLOCKS, side, BLOCKS, side).mean((1, 3))
            found[name] = [round(float(value), 6) for value in means.ravel()]
        else:
            found[name] = []
    return found


def all_changes(folder: Path) -> dict[str, dict[str, list[float]]]:
    """The lesion priors alone, and the engine on tiny seeded weights in fp32."""
    engine = LesionSynthesizer.from_pretrained(folder, device="cpu", dtype=torch.float32, batch_size=1)
    return {"priors": changes(FakeSynthesizer(), "golden"), "engine": changes(engine, "golden")}


def test_a_stored_request_gives_the_pixels_of_its_pixel_version(starter_like_folder: Path) -> None:
    stored = json.loads(STORED.read_text())
    assert stored["pixel_version"] == PIXEL_VERSION, "write golden.json anew: see the top of this file"
    for maker, found in all_changes(starter_like_folder).items():
        assert found.keys() == stored[maker].keys()
        for lesion, values in found.items():
            apart = np.abs(np.subtract(values, stored[maker][lesion])).max(initial=0)
            assert apart < TOLERANCE, f"{maker} {lesion} differs by {apart:.2g}; see the top of this file"


def test_the_stored_changes_are_not_trivial() -> None:
    stored = json.loads(STORED.read_text())
    for maker in ("priors", "engine"):
        seen = [
            lesion
            for lesion, values in stored[maker].items()
            if np.abs(values).max(initial=0) > 4 * TOLERANCE
        ]
        assert {"nodule", "mass", "effusion", "pneumothorax", "bacterial_consolidation"} <= set(seen)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        made = all_changes(write_starter_like(Path(place)))
    STORED.write_text(json.dumps({"pixel_version": PIXEL_VERSION, **made}, indent=1) + "\n")

"""Synthesizers that tell wrongly what they are and what they did."""

from medsynth_aug.synthesis import DenoisingStep
from tests.testing.altered import (
    Ageing,
    Counting,
    Mutant,
    Named,
    OneLung,
    Scanty,
    Watched,
    Wavering,
    with_parts,
)


def steps_of(*numbers: tuple[int, int], of: tuple[str, ...] | None = None) -> Counting:
    return Counting(lambda digests: [DenoisingStep(of or digests, *number) for number in numbers])


MUTANTS: list[Mutant] = [
    ("it_has_the_members_of_the_seam", Scanty(), "it lacks fingerprint, segment or synthesize"),
    ("it_has_the_members_of_the_seam", OneLung(), r"segment gave torch.bool \(1, 113, 97\); give bool \(2,"),
    ("it_has_the_members_of_the_seam", Wavering(), "another anatomy for the same source"),
    ("the_fingerprint_is_a_stable_digest", Named(), "fingerprint is 'my engine'; give the hex"),
    ("the_fingerprint_is_a_stable_digest", Ageing(), "'0+' before and is '0+1' after work"),
    ("steps_are_counted_up_to_their_total", steps_of((0, 2), (1, 2)), r"counted \[\(0, 2\), \(1, 2\)\]"),
    ("steps_are_counted_up_to_their_total", steps_of((1, 3), (2, 3)), r"counted \[\(1, 3\), \(2, 3\)\]"),
    ("steps_are_counted_up_to_their_total", steps_of((1, 1), of=("0" * 64,)), "requests that nobody asked"),
    ("steps_are_counted_up_to_their_total", Watched(), "with on_step: image differs"),
    (
        "provenance_and_timings_are_plain_json",
        with_parts(provenance=lambda job, sample: {"mask": sample.mask}),
        "provenance is not plain JSON: Object of type Tensor",
    ),
    (
        "provenance_and_timings_are_plain_json",
        with_parts(provenance=lambda job, sample: {"size_mm": float("nan")}),
        "provenance is not plain JSON: Out of range float",
    ),
    (
        "provenance_and_timings_are_plain_json",
        with_parts(provenance=lambda job, sample: {"centre_px": (1, 2)}),
        "provenance changes in JSON at centre_px",
    ),
    (
        "provenance_and_timings_are_plain_json",
        with_parts(timings=lambda job, sample: {"paint": -1.0}),
        r"timings hold \{'paint': -1.0\}; they are seconds",
    ),
]

"""A lesion is drawn from its generator alone: the same for a seed, another one for another seed."""

import json
from itertools import combinations

import numpy as np

from medsynth_aug.lesions import Lesion
from medsynth_aug.lesions.draw import Drawing
from medsynth_aug.testing.check import expect
from medsynth_aug.testing.global_state import global_seed, global_state
from medsynth_aug.testing.lesions.drawing import SEEDS, Claims, drawn
from medsynth_aug.testing.phantom import phantom_scene


def a_seed_draws_the_same_every_time(lesion: Lesion, claims: Claims) -> None:
    """The same seed gives the same drawing to the last bit, from a definition that went through JSON too."""
    scene = phantom_scene()
    through_json = type(lesion).from_json(json.loads(json.dumps(lesion.to_json())))
    for seed in SEEDS:
        first = drawn(lesion, scene, seed)
        expect(_same(first, drawn(lesion, scene, seed)), f"seed {seed} drew twice, and not the same")
        again = drawn(through_json, scene, seed)
        expect(_same(first, again), f"seed {seed}: the definition draws otherwise after it went through JSON")


def another_seed_draws_anew(lesion: Lesion, claims: Claims) -> None:
    """No two seeds give the same mask, region and composite."""
    scene = phantom_scene()
    all_drawn = [(seed, drawn(lesion, scene, seed)) for seed in SEEDS]
    for (one, a), (other, b) in combinations(all_drawn, 2):
        expect(
            not _same_arrays(a, b),
            f"seeds {one} and {other} give the same drawing; draw from the rng you get",
        )


def global_random_state_is_neither_read_nor_changed(lesion: Lesion, claims: Claims) -> None:
    """Priors draw from the generator that they get; the shared ones stay and decide nothing."""
    scene, found = phantom_scene(), []
    for seed in (1, 2):
        with global_seed(seed):
            before = global_state()
            found.append([drawn(lesion, scene, draw) for draw in SEEDS])
            expect(global_state() == before, "the global random state changed; draw from the rng you get")
    same = all(_same(one, other) for one, other in zip(*found, strict=True))
    expect(same, "the drawing depends on the global random state; draw from the rng you get")


def _same(one: Drawing, other: Drawing) -> bool:
    return one.site == other.site and one.size_mm == other.size_mm and _same_arrays(one, other)


def _same_arrays(one: Drawing, other: Drawing) -> bool:
    names = ("mask", "edit_region", "weight", "composite")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)

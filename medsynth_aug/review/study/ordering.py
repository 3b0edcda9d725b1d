"""The order in which a reader sees a study: an own one for each, in blocks, repeats far apart."""

from collections.abc import Mapping, Sequence

import numpy as np


def gap_of(cases: int) -> int:
    """How many images lie between a case and its repeat at least: a quarter of the study."""
    return max(1, cases // 4)


def draw_blocks(arms: Sequence[str], looks: int, rng: np.random.Generator) -> list[int]:
    """The block of each case, 0 to `looks` - 1; each block holds about the same number of each arm.

    All readers read block after block, so that at the end of one they have read the same cases.
    """
    blocks = [0] * len(arms)
    for arm in sorted(set(arms)):
        held = [number for number, one in enumerate(arms) if one == arm]
        for place, number in enumerate(rng.permutation(held)):
            blocks[int(number)] = place * looks // len(held)
    return blocks


def draw_repeats(
    arms: Sequence[str], blocks: Sequence[int], per_arm: int, rng: np.random.Generator
) -> list[int]:
    """The cases that are shown twice, from blocks that end before the last quarter (or the only one)."""
    looks = max(blocks) + 1
    early = max(1, int(0.75 * looks))
    repeats: list[int] = []
    for arm in sorted(set(arms)):
        held = [number for number, one in enumerate(arms) if one == arm and blocks[number] < early]
        repeats += sorted(int(one) for one in rng.permutation(held)[:per_arm])
    return repeats


def draw_order(
    names: Sequence[str], blocks: Sequence[int], repeats: Mapping[int, str], rng: np.random.Generator
) -> list[str]:
    """The names of images in the order of one reader.

    Args:
        names: Name of each case's image.
        blocks: Block of each case.
        repeats: Case -> name of its second image. Which of the two comes first is drawn as well.
        rng: Source of chance.
    """
    gap = gap_of(len(names))
    order = [int(one) for one in np.lexsort((rng.random(len(names)), np.asarray(blocks)))]
    _bring_forward(order, blocks, repeats, len(names) - gap, rng)
    shown: list[tuple[float, float, str]] = []
    for place, case in enumerate(order):
        first, again = names[case], repeats.get(case)
        if again is not None:
            if rng.random() < 0.5:
                first, again = again, first
            shown.append((int(rng.integers(place + gap, len(names))) + 0.5, rng.random(), again))
        shown.append((place, 0.0, first))
    return [name for *_, name in sorted(shown)]


def _bring_forward(
    order: list[int], blocks: Sequence[int], repeats: Mapping[int, str], end: int, rng: np.random.Generator
) -> None:
    """Swap repeated cases that come too late with others of their block."""
    late = [place for place in range(end, len(order)) if order[place] in repeats]
    for place in late:
        block = blocks[order[place]]
        free = [at for at in range(end) if blocks[order[at]] == block and order[at] not in repeats]
        other = int(rng.choice(free))
        order[place], order[other] = order[other], order[place]

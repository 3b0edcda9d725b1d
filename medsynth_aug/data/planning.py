"""Make a plan: resolve labels, patients, lesions and counts, choose the backgrounds, write the requests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tqdm.auto import tqdm

from medsynth_aug.conditioning.settings import ConditioningSettings
from medsynth_aug.data.backgrounds import Background, background_items, pick_backgrounds
from medsynth_aug.data.groups import Groups
from medsynth_aug.data.item import ItemAdapter
from medsynth_aug.data.labels import ClassKey, Labels
from medsynth_aug.data.plan import ClassCount, Plan, PlannedSample, granted_of
from medsynth_aug.data.reading import Pair, SpacingOfItems
from medsynth_aug.data.strategy import Quota, SamplingStrategy, resolve_strategy
from medsynth_aug.data.training_data import TrainingData, take_in
from medsynth_aug.data.wish import MapOfItem, Wish, maps_of
from medsynth_aug.errors import PlanError
from medsynth_aug.lesions import Lesion
from medsynth_aug.synthesis.digest import digest_pixels
from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.settings import SamplingSettings
from medsynth_aug.synthesis.source import SourceImage
from medsynth_aug.synthesis.synthesizer import Synthesizer
from medsynth_aug.types import check_grid


def plan_rebalancing(
    source: Any,
    synthesizer: Synthesizer,
    *,
    lesions: Mapping[ClassKey, str | Lesion],
    background: Background = None,
    groups: Groups | None = None,
    sampling_strategy: SamplingStrategy = "auto",
    max_ratio: float = 1.0,
    force: bool = False,
    labels: Any = None,
    targets: Sequence[ClassKey] | None = None,
    exclusive: Iterable[ClassKey] = (),
    holdout_groups: Iterable[Any] | None = None,
    value_range: Pair | None = None,
    spacing_mm: SpacingOfItems = None,
    masks: MapOfItem = None,
    anatomy: MapOfItem = None,
    keep_mask: MapOfItem = None,
    seed: int = 0,
    sampling: SamplingSettings | None = None,
    conditioning: ConditioningSettings | None = None,
    item: ItemAdapter | None = None,
    progress: bool = True,
) -> Plan:
    """The plan that `RebalancedDataset` would carry out with the same arguments; nothing is synthesised.

    Args:
        source: The training split: deterministic, unaugmented, map-style.
        synthesizer: Who will make the samples; only its fingerprint is used.
        lesions: Class (multi-label: column) -> lesion that fills it; the others are left alone.
        background: Classes into whose images a lesion may be painted; multi-label: a predicate on the label
            vector (None: no lesion column is set).
        groups: Patient of each item, or `"each-image"`; taken from `source.groups` where it has them.
        sampling_strategy: imbalanced-learn's over-sampling forms.
        max_ratio: Most synthetic samples per real positive.
        force: Allow a `max_ratio` above 10.
        labels: Label of each item; taken from `source.targets`, else from the items.
        targets: Multi-label: the columns that count as classes for a strategy by name or ratio.
        exclusive: Multi-label: columns that a lesion clears ("No Finding").
        holdout_groups: Patients of the validation and test splits, none of whom may be among the training
            ones.
        value_range: Darkest and brightest value of the data; may be absent for uint8.
        spacing_mm: Row and column spacing: one pair, one for each item, or a function of the index.
        masks: Gives your own lesion mask `(1, H, W)` for an item, or None; it wins over the shape prior.
        anatomy: Gives your own lung fields `(2, H, W)` for an item, or None.
        keep_mask: Gives what must not be painted over, `(1, H, W)`, for an item, or None.
        seed: Decides backgrounds and everything that is drawn.
        sampling: How to denoise.
        conditioning: Which structure guides it.
        item: Where image, label, mask and boxes stand in an item; inferred if absent.
        progress: Show progress bars.

    Raises:
        PlanError: If patients are missing or unknown, or nothing qualifies as background.
        LabelError: If a class is empty or not in the data.
        SettingError: If an argument has no known form or is out of its range.
        UnknownLesionError: If no lesion of that name is registered.
        SplitLeakError: If a training patient is held out.
        SourceChangedError: If an item reads differently twice.
        ImageError: If an image or a map cannot be used.
    """
    training = take_in(
        source, labels=labels, groups=groups, holdout_groups=holdout_groups, value_range=value_range,
        spacing_mm=spacing_mm, item=item, progress=progress,
    )  # fmt: skip
    wish = Wish(
        lesions=lesions, background=background, sampling_strategy=sampling_strategy, max_ratio=max_ratio,
        force=force, targets=targets, exclusive=tuple(exclusive), masks=masks, anatomy=anatomy,
        keep_mask=keep_mask, seed=seed, sampling=sampling or SamplingSettings(),
        conditioning=conditioning or ConditioningSettings(),
    )  # fmt: skip
    return make_plan(training, wish, engine=synthesizer.fingerprint, progress=progress)


def make_plan(training: TrainingData, wish: Wish, *, engine: str, progress: bool = True) -> Plan:
    """The plan for training data and a wish; reads each chosen background once."""
    labels, lesions = training.labels, training.keys(wish)
    exclusive = training.exclusive(wish)
    quotas = resolve_strategy(
        wish.sampling_strategy, labels, lesions,
        max_ratio=wish.max_ratio, force=wish.force, targets=wish.targets,
    )  # fmt: skip
    places = _choose(training, wish, lesions, quotas)
    read: dict[int, dict[str, Any]] = {}
    indices = list(dict.fromkeys(index for _, _, index in places))
    for index in tqdm(indices, desc="Reading backgrounds", unit="image", disable=not progress, leave=False):
        read[index] = _what_is_given(wish, index, training.reader.source(index))
    samples = tuple(
        PlannedSample(
            request=SynthesisRequest(
                **read[index], lesion=lesions[key], engine=engine, seed=wish.seed, slot=slot,
                sampling=wish.sampling, conditioning=wish.conditioning,
            ),
            key=key, index=index, patient=training.groups[index],
        )
        for key, slot, index in places
    )  # fmt: skip
    counts = count_classes(labels, samples, exclusive, lesions)
    return Plan(samples=samples, quotas=quotas, counts=counts, seed=wish.seed)


def count_classes(
    labels: Labels,
    samples: Sequence[PlannedSample],
    exclusive: Sequence[int],
    lesions: Mapping[ClassKey, Lesion],
) -> tuple[ClassCount, ...]:
    """Every class before and after these samples are added."""
    added = labels.with_painted([s.index for s in samples], [s.key for s in samples], exclusive)
    before, after = labels.counts(), added.counts()
    return tuple(
        ClassCount(
            key=key,
            name=labels.name(key),
            lesion=lesions[key].name if key in lesions else None,
            before=before[key],
            after=after[key],
        )
        for key in labels.classes
    )


def keep_made(plan: Plan, kept: Sequence[PlannedSample], training: TrainingData, wish: Wish) -> Plan:
    """The plan as it came about, when the other samples were refused."""
    counts = count_classes(training.labels, kept, training.exclusive(wish), training.keys(wish))
    return replace(plan, samples=tuple(kept), quotas=granted_of(plan.quotas, kept), counts=counts)


def _what_is_given(wish: Wish, index: int, source: SourceImage) -> dict[str, Any]:
    maps = maps_of(wish, index)
    for name, map_ in maps.items():
        check_grid(f"{name.removesuffix('_digest')} of item {index}", map_, source.pixels)
    return {"source": source.digest, **{name: digest_pixels(map_) for name, map_ in maps.items()}}


def _choose(
    training: TrainingData, wish: Wish, lesions: Mapping[ClassKey, Lesion], quotas: Mapping[ClassKey, Quota]
) -> list[tuple[ClassKey, str, int]]:
    """Class, slot and background of each sample."""
    labels = training.labels
    chosen = background_items(wish.background, labels, lesions)
    places: list[tuple[ClassKey, str, int]] = []
    for number, key in enumerate(lesions):
        count = quotas[key].granted
        candidates = chosen & ~labels.positives(key)
        if count and not candidates.any():
            raise PlanError(f"every background item has {labels.name(key)!r} already; widen `background`")
        picks = pick_backgrounds(
            candidates, training.groups, count, seed=wish.seed, start=number / len(lesions)
        )
        places += [(key, f"{key}/{place}", index) for place, index in enumerate(picks)]
    return places

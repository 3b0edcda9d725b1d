"""Make a plan: resolve labels, patients, lesions and counts, choose the backgrounds, write the requests."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.producer.given import check_engine
from medsynth_aug.conditioning.settings import ConditioningSettings
from medsynth_aug.data.items.item import ItemAdapter
from medsynth_aug.data.items.labels import ClassKey
from medsynth_aug.data.items.reading import Pair, SpacingOfItems
from medsynth_aug.data.planning.backgrounds import Background, background_items
from medsynth_aug.data.planning.choosing import choose_backgrounds
from medsynth_aug.data.planning.class_counts import count_classes
from medsynth_aug.data.planning.confounders import Match, Strata
from medsynth_aug.data.planning.digest_pass import digest_items
from medsynth_aug.data.planning.match_report import report_match
from medsynth_aug.data.planning.plan import Plan
from medsynth_aug.data.planning.planned import PlanSettings
from medsynth_aug.data.planning.planned_samples import PlannedSamples, in_order_of_use
from medsynth_aug.data.planning.shams import choose_shams, negative_items
from medsynth_aug.data.planning.strategy import Quota, SamplingStrategy, resolve_strategy
from medsynth_aug.data.planning.training_data import TrainingData, take_in
from medsynth_aug.data.planning.wish import MapOfItem, Wish
from medsynth_aug.data.splits.groups import Groups
from medsynth_aug.lesions import Lesion
from medsynth_aug.synthesis.settings import SamplingSettings
from medsynth_aug.synthesis.synthesizer import Synthesizer


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
    max_per_patient: int | None = None,
    match: Match = None,
    match_strict: bool = True,
    sham_fraction: float = 0.0,
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
    cache: Path | str | None = None,
    copies: SampleBank | None = None,
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
        max_per_patient: Most samples painted into the images of one patient, over all classes; fewer are
            granted where it binds. Shams do not count: they add no item.
        match: Attributes to match, a value for each item (`age_band` bands numbers): the samples of a class
            get the joint distribution that its real positives have. Unknown values are a stratum of their
            own.
        match_strict: Where a stratum has no background: True leaves its samples out, so that no other
            stratum gets more than its real share; False gives them to the others, which tells a classifier
            something about the class that is not so.
        sham_fraction: Share of the background items, in [0, 1], that sham edits replace; counts stay.
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
        cache: Folder in which labels and digests that were read are saved, so that they are read once; a
            bank's folder may be given and is what `RebalancedDataset` uses.
        copies: A bank that keeps a copy of every source and map, so that the plan can be carried out where
            the data set is not. The copies are of real patients: they stay with you.
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
    check_engine(synthesizer)
    training = take_in(
        source, labels=labels, groups=groups, holdout_groups=holdout_groups, value_range=value_range,
        spacing_mm=spacing_mm, item=item, folder=None if cache is None else Path(cache) / "labels",
        progress=progress,
    )  # fmt: skip
    wish = Wish(
        lesions=lesions, background=background, sampling_strategy=sampling_strategy, max_ratio=max_ratio,
        force=force, targets=targets, exclusive=tuple(exclusive), max_per_patient=max_per_patient,
        match=match, match_strict=match_strict, sham_fraction=sham_fraction, masks=masks, anatomy=anatomy,
        keep_mask=keep_mask, seed=seed, sampling=sampling or SamplingSettings(),
        conditioning=conditioning or ConditioningSettings(),
    )  # fmt: skip
    return make_plan(
        training, wish, engine=synthesizer.fingerprint,
        folder=None if cache is None else Path(cache) / "digests", copies=copies, progress=progress,
    )  # fmt: skip


def make_plan(
    training: TrainingData,
    wish: Wish,
    *,
    engine: str,
    folder: Path | None = None,
    copies: SampleBank | None = None,
    progress: bool = True,
) -> Plan:
    """The plan for training data and a wish.

    Args:
        training: The training split.
        wish: What the user wants.
        engine: Fingerprint of the synthesizer.
        folder: Where digests of sources and maps are saved and looked up, so that each is read once.
        copies: A bank that keeps copies of the sources and the user's own maps.
        progress: Show a bar.
    """
    labels, lesions = training.labels, training.keys(wish)
    training.exclusive(wish)
    quotas = resolve_strategy(
        wish.sampling_strategy, labels, lesions,
        max_ratio=wish.max_ratio, force=wish.force, targets=wish.targets,
    )  # fmt: skip
    backgrounds = background_items(wish.background, labels, lesions)
    choice = choose_backgrounds(labels, training.groups, backgrounds, quotas, wish)
    picks = [choice.items[key] for key in lesions]
    shams, imitated = choose_shams(
        negative_items(backgrounds, labels, lesions), training.groups, wish.sham_fraction,
        [len(own) for own in picks], seed=wish.seed,
    )  # fmt: skip
    indices, rows = in_order_of_use(np.array([*chain(*picks), *shams], np.int64))
    items = digest_items(
        training.reader, training.groups, wish, indices.tolist(),
        folder=folder, copies=copies, progress=progress,
    )  # fmt: skip
    settings = PlanSettings(
        lesions=tuple(lesions.items()), engine=engine, seed=wish.seed, sampling=wish.sampling,
        conditioning=wish.conditioning,
    )  # fmt: skip
    count = len(rows) - len(shams)
    everything = PlannedSamples(
        settings,
        items,
        places=np.concatenate([*(np.arange(len(own)) for own in picks), np.arange(len(shams))]),
        lesions=np.concatenate([np.repeat(np.arange(len(picks)), [len(own) for own in picks]), imitated])
        .astype(np.int64),
        rows=rows,
        shams=np.arange(len(rows)) >= count,
    )  # fmt: skip
    return _with_counts(
        everything[:count], everything[count:], {key: quota.wanted for key, quota in quotas.items()},
        choice.notes, training, wish,
    )  # fmt: skip


def keep_made(plan: Plan, kept: ArrayLike, training: TrainingData, wish: Wish) -> Plan:
    """The plan as it came about, when the other samples were refused.

    Args:
        plan: The plan.
        kept: Positions of the samples and, behind them, of the shams that were made, as in `plan.requests`.
        training: The training split.
        wish: What the plan was made for.
    """
    made = np.zeros(len(plan.requests), np.bool_)
    made[np.asarray(kept, np.int64)] = True
    return _with_counts(
        plan.samples.take(made[: len(plan)]), plan.shams.take(made[len(plan) :]),
        {key: quota.wanted for key, quota in plan.quotas.items()}, plan.notes, training, wish,
    )  # fmt: skip


def _with_counts(
    samples: PlannedSamples,
    shams: PlannedSamples,
    wanted: Mapping[ClassKey, int],
    notes: tuple[str, ...],
    training: TrainingData,
    wish: Wish,
) -> Plan:
    labels, lesions = training.labels, training.keys(wish)
    granted = np.bincount(samples.lesions, minlength=len(lesions)).tolist()
    report = None
    if wish.match:
        backgrounds = background_items(wish.background, labels, lesions)
        report = report_match(Strata.of(wish.match, len(labels)), labels, backgrounds, samples)
    return Plan(
        samples=samples,
        shams=shams,
        quotas={key: Quota(wanted[key], count) for key, count in zip(lesions, granted)},
        counts=count_classes(labels, samples, training.exclusive(wish)),
        match_report=report,
        notes=notes,
        seed=wish.seed,
    )

"""The data set that fills rare classes: the user's own items, followed by synthetic ones out of a bank."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from torch.utils.data import Dataset
from tqdm.auto import tqdm

from medsynth_aug.bank import Outstanding, SampleBank, SourceStore, generate, trace
from medsynth_aug.conditioning.settings import ConditioningSettings
from medsynth_aug.data.backgrounds import Background
from medsynth_aug.data.groups import Groups
from medsynth_aug.data.item import ItemAdapter
from medsynth_aug.data.label_pass import write_whole
from medsynth_aug.data.labels import ClassKey
from medsynth_aug.data.painting import paint
from medsynth_aug.data.plan import Plan
from medsynth_aug.data.planning import keep_made, make_plan
from medsynth_aug.data.reading import Pair, SourceReader, SpacingOfItems
from medsynth_aug.data.strategy import Quota, SamplingStrategy
from medsynth_aug.data.training_data import TrainingData, take_in
from medsynth_aug.data.wish import MapOfItem, Wish, maps_of
from medsynth_aug.errors import BankError, PlanError, SettingError
from medsynth_aug.lesions import Lesion
from medsynth_aug.synthesis.sample import Refusal, SyntheticSample
from medsynth_aug.synthesis.settings import SamplingSettings
from medsynth_aug.synthesis.source import SourceImage
from medsynth_aug.synthesis.synthesizer import Synthesizer

ATTEMPTS = 3
"""Draws for one place in the data set before it stays empty."""


class RebalancedDataset(Dataset[Any]):
    """A data set whose rare classes are filled with synthetic items; an index always gives the same one.

    Indices below `len(source)` give the real items untouched; the later ones give items of the same form in
    which
    a lesion was painted into a background of the training split, with label, mask and boxes to match.
    Building it
    makes a plan, says what it is, and fills the bank; a second time it takes from the bank what is there. It
    pickles, and the synthesizer does not travel with it into workers.

    Args:
        source: The training split: deterministic, unaugmented, map-style, with tuples or dicts as items.
        synthesizer: Makes the samples; None reads a bank that was filled before with these arguments.
        lesions: Class (multi-label: column) -> lesion that fills it; the others are left alone.
        background: Classes into whose images a lesion may be painted; multi-label: a predicate on the label
            vector (None: no lesion column is set).
        groups: Patient of each item, or `"each-image"`; taken from `source.groups` where it has them.
        bank: The bank, or its folder.
        sampling_strategy: imbalanced-learn's over-sampling forms.
        max_ratio: Most synthetic samples per real positive.
        force: Allow a `max_ratio` above 10.
        mode: `"cached"`: all samples are made when the data set is built.
        labels: Label of each item; taken from `source.targets`, else from the items, and then saved in the
            bank.
        targets: Multi-label: the columns that count as classes for a strategy by name or ratio.
        exclusive: Multi-label: columns that a lesion clears ("No Finding").
        holdout_groups: Patients of the validation and test splits, none of whom may be among the training
            ones.
        value_range: Darkest and brightest value of the data; may be absent for uint8.
        spacing_mm: Row and column spacing: one pair, one for each item, or a function of the index.
        masks: Gives your own lesion mask `(1, H, W)` for an item, or None; it wins over the shape prior.
        anatomy: Gives your own lung fields `(2, H, W)` for an item, or None.
        keep_mask: Gives what must not be painted over, `(1, H, W)`, for an item, or None.
        transform: Your augmentation: called with every item, real or synthetic, as a whole.
        seed: Decides backgrounds and everything that is drawn.
        sampling: How to denoise.
        conditioning: Which structure guides it.
        item: Where image, label, mask and boxes stand in an item; inferred if absent.
        batch_size: Samples that the synthesizer makes at once.
        progress: Announce the plan and show progress bars, on standard error.

    Raises:
        MedsynthError: Whatever `plan_rebalancing` and the bank raise.
        SettingError: If the mode is unknown or not there yet.
        PlanError: Without a synthesizer, if the bank was not filled with these arguments.
    """

    def __init__(
        self,
        source: Any,
        synthesizer: Synthesizer | None,
        *,
        lesions: Mapping[ClassKey, str | Lesion],
        background: Background = None,
        groups: Groups | None = None,
        bank: SampleBank | str | Path,
        sampling_strategy: SamplingStrategy = "auto",
        max_ratio: float = 1.0,
        force: bool = False,
        mode: Literal["cached"] = "cached",
        labels: Any = None,
        targets: Sequence[ClassKey] | None = None,
        exclusive: Iterable[ClassKey] = (),
        holdout_groups: Iterable[Any] | None = None,
        value_range: Pair | None = None,
        spacing_mm: SpacingOfItems = None,
        masks: MapOfItem = None,
        anatomy: MapOfItem = None,
        keep_mask: MapOfItem = None,
        transform: Callable[[Any], Any] | None = None,
        seed: int = 0,
        sampling: SamplingSettings | None = None,
        conditioning: ConditioningSettings | None = None,
        item: ItemAdapter | None = None,
        batch_size: int = 8,
        progress: bool = True,
    ) -> None:
        _check_mode(mode)
        folder = bank.path if isinstance(bank, SampleBank) else Path(bank)
        training = take_in(
            source, labels=labels, groups=groups, holdout_groups=holdout_groups, value_range=value_range,
            spacing_mm=spacing_mm, item=item, folder=folder / "labels", progress=progress,
        )  # fmt: skip
        wish = Wish(
            lesions=lesions, background=background, sampling_strategy=sampling_strategy, max_ratio=max_ratio,
            force=force, targets=targets, exclusive=tuple(exclusive), masks=masks, anatomy=anatomy,
            keep_mask=keep_mask, seed=seed, sampling=sampling or SamplingSettings(),
            conditioning=conditioning or ConditioningSettings(),
        )  # fmt: skip
        engine = "" if synthesizer is None else synthesizer.fingerprint
        plan = make_plan(training, wish, engine=engine, progress=progress)
        if synthesizer is None:
            plan = _planned_before(plan, folder)
        self.bank = bank if isinstance(bank, SampleBank) else SampleBank(folder)
        if synthesizer is not None:
            _announce(plan.summary(), progress)
            _fill(plan, synthesizer, self.bank, training.reader, wish, batch_size, progress)
        refused = self._serve(plan, training, wish, transform)
        if refused:
            often = Counter(refusal.reason for refusal in refused).most_common(1)[0][0]
            told = f"{len(refused)} refused, most often because: {often}\nAs it came about:"
            _announce(f"{told}\n{self.plan.summary()}", progress)

    def _serve(
        self, plan: Plan, training: TrainingData, wish: Wish, transform: Callable[[Any], Any] | None
    ) -> list[Refusal]:
        """Keep what serving needs: the samples that came about, and a reader of their sources."""
        found = [(sample, trace(self.bank, sample.request, ATTEMPTS)) for sample in plan.samples]
        missing = sum(isinstance(state, Outstanding) for _, state in found)
        if missing:
            raise PlanError(
                f"{self.bank.path} lacks {missing} of {len(plan)} samples that it held before; "
                "build the data set once with a synthesizer to make them again"
            )
        kept = [sample for sample, state in found if isinstance(state, str)]
        self.plan = keep_made(plan, kept, training, wish)
        self._digests = [state for _, state in found if isinstance(state, str)]
        self._exclusive = training.exclusive(wish)
        self._reader = training.reader.for_workers({sample.index for sample in kept})
        self._transform = transform
        labels = training.labels.with_painted(
            [sample.index for sample in kept], [sample.key for sample in kept], self._exclusive
        )
        self.targets = labels.values if labels.multi_label else labels.values.tolist()
        self.groups = [*training.groups, *(sample.patient for sample in kept)]
        return [state for _, state in found if isinstance(state, Refusal)]

    @property
    def sampling_strategy_(self) -> dict[ClassKey, Quota]:
        """Class -> synthetic samples wanted by the strategy, and granted: after the cap and all refusals."""
        return dict(self.plan.quotas)

    def __len__(self) -> int:
        return len(self._reader) + len(self._digests)

    def __getitem__(self, index: int) -> Any:
        index = self._position(index)
        item = (
            self._synthetic(index - len(self._reader))
            if self.is_synthetic(index)
            else self._reader.data[index]
        )
        return item if self._transform is None else self._transform(item)

    def is_synthetic(self, index: int) -> bool:
        """Whether an index gives a synthetic item."""
        return self._position(index) >= len(self._reader)

    def sample(self, index: int) -> SyntheticSample:
        """The synthetic sample behind an index: its mask, edit region, request and provenance.

        Raises:
            IndexError: If the index gives a real item or none.
        """
        position = self._position(index) - len(self._reader)
        if position < 0:
            raise IndexError(f"index {index} is a real item; the synthetic ones start at {len(self._reader)}")
        return self.bank.get(self._digests[position])

    def _synthetic(self, number: int) -> Any:
        planned = self.plan.samples[number]
        item, parts = self._reader.expect(planned.index, planned.request.source)
        sample, adapter = self.bank.get(self._digests[number]), self._reader.adapter
        painted = paint(parts, sample, planned.key, exclusive=self._exclusive, mask_holds=adapter.mask_holds)
        return adapter.rebuild(item, painted)

    def _position(self, index: int) -> int:
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is outside a data set of {len(self)} items")
        return int(index) % len(self)


def _check_mode(mode: str) -> None:
    if mode == "on_the_fly":
        raise SettingError('mode="on_the_fly" comes with a later version; use mode="cached"')
    if mode != "cached":
        raise SettingError(f'mode is {mode!r}; use "cached"')


def _fill(
    plan: Plan, synthesizer: Synthesizer, bank: SampleBank, reader: SourceReader, wish: Wish, batch_size: int,
    progress: bool,
) -> None:  # fmt: skip
    """Make what the bank does not hold yet; the plan is saved last, once every sample is there."""
    index_of = {sample.request.source: sample.index for sample in plan.samples}
    for index in sorted({sample.index for sample in plan.samples}):
        for map_ in maps_of(wish, index).values():
            bank.put_map(map_)

    def look_up(digest: str) -> SourceImage | None:
        if digest not in index_of:
            return None
        _, parts = reader.expect(index_of[digest], digest)
        return reader.source(index_of[digest], parts)

    generate(
        plan.requests,
        synthesizer,
        bank,
        SourceStore(bank, look_up),
        batch_size=batch_size,
        max_attempts=ATTEMPTS,
        progress=progress,
    )
    write_whole(_plan_path(bank.path, plan), plan.engine)


def _planned_before(plan: Plan, folder: Path) -> Plan:
    """The plan for the engine that filled the bank."""
    if not plan.samples:
        return plan
    path = _plan_path(folder, plan)
    if not path.is_file():
        raise PlanError(
            f"{folder} was not filled with these arguments; build the data set once with a synthesizer, "
            "with the same source, lesions, seed and settings"
        )
    try:
        return plan.for_engine(path.read_text())
    except OSError as problem:
        raise BankError(f"{path} cannot be read ({problem.strerror}); give read permission") from problem


def _plan_path(folder: Path, plan: Plan) -> Path:
    return folder / "plans" / f"{plan.digest}.engine"


def _announce(text: str, progress: bool) -> None:
    if progress:
        tqdm.write(text, file=sys.stderr)

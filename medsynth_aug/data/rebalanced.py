"""The data set that fills rare classes: the user's own items, followed by synthetic ones out of a bank."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.producer import OnLate, ProductionReport
from medsynth_aug.bank.producer.given import epoch_number, whole_number
from medsynth_aug.conditioning.settings import ConditioningSettings
from medsynth_aug.data.items.item import ItemAdapter
from medsynth_aug.data.items.labels import ClassKey
from medsynth_aug.data.items.painting import paint
from medsynth_aug.data.items.reading import Pair, SpacingOfItems
from medsynth_aug.data.planning.backgrounds import Background
from medsynth_aug.data.planning.confounders import Match
from medsynth_aug.data.planning.plan import Plan
from medsynth_aug.data.planning.planned import PlannedSample
from medsynth_aug.data.planning.strategy import Quota, SamplingStrategy
from medsynth_aug.data.planning.training_data import TrainingData, take_in
from medsynth_aug.data.planning.wish import MapOfItem, Wish
from medsynth_aug.data.serving.checking import Mode, check_serving
from medsynth_aug.data.serving.filling import Accept, announce, stored
from medsynth_aug.data.serving.following import FollowedSampler
from medsynth_aug.data.serving.producing import produced
from medsynth_aug.data.serving.reviewed import ReviewedSupply
from medsynth_aug.data.serving.supply import ProducedSupply, Served, StoredSupply
from medsynth_aug.data.splits.groups import Groups
from medsynth_aug.lesions import Lesion
from medsynth_aug.synthesis.sample import SyntheticSample
from medsynth_aug.synthesis.settings import SamplingSettings
from medsynth_aug.synthesis.synthesizer import Synthesizer

Live = ProducedSupply | ReviewedSupply
"""Supplies that a producer works for."""


class RebalancedDataset(Dataset[Any]):
    """A data set whose rare classes are filled with synthetic items.

    Indices below `len(source)` give the real items; the later ones give items of the same form in which a
    lesion was painted into a background of the training split, with label, mask and boxes to match. Building
    it makes a plan and says what it is. It pickles, and the synthesizer does not travel with it into workers.

    With `mode="cached"` all samples are made when it is built, and an index always gives the same item; a
    second time the bank gives what is there. With `mode="on_the_fly"` a process of its own makes them ahead
    of need and makes new ones as epochs go by, so that every epoch shows other lesions: call
    `set_epoch(epoch)` before each, or give your DataLoader `sampler=data.follow(sampler)`.

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
        mode: `"cached"` or `"on_the_fly"`.
        reuse: On the fly: for how many epochs a sample serves.
        ahead: On the fly: how many synthetic reads to look ahead.
        on_late: On the fly, for a sample that is not there yet: `"wait"`, or `"reuse"` an earlier draw of its
            place, which gives up that an epoch is the same every time and notes it in `substitutions.csv`.
        accept: `"any"` sample, or `"approved"` ones only, as they are when the set is built; on the fly the
            newest approved draw of each place when an epoch begins. Places without one are left out.
        labels: Label of each item; taken from `source.targets`, else from the items, and then saved in the
            bank.
        targets: Multi-label: the columns that count as classes for a strategy by name or ratio.
        exclusive: Multi-label: columns that a lesion clears ("No Finding").
        max_per_patient: Most samples painted into the images of one patient.
        match: Attributes whose joint distribution the samples of a class take from its real positives.
        match_strict: Leave out what cannot be matched, rather than give it to other strata.
        sham_fraction: Share of the background items that are replaced by sham edits of themselves.
        holdout_groups: Patients of the validation and test splits, none of whom may be among the training
            ones.
        value_range: Darkest and brightest value of the data; may be absent for uint8.
        spacing_mm: Row and column spacing: one pair, one for each item, or a function of the index.
        masks: Gives your own lesion mask `(1, H, W)` for an item, or None; it wins over the shape prior.
        anatomy: Gives your own lung fields `(2, H, W)` for an item, or None.
        keep_mask: Gives what must not be painted over, `(1, H, W)`, for an item, or None.
        transform: Your augmentation: called with every item, real or synthetic, as a whole.
        tv_tensors: Give image, mask and boxes as `torchvision.tv_tensors`, so that transforms of torchvision
            v2 move them together.
        seed: Decides backgrounds and everything that is drawn.
        sampling: How to denoise.
        conditioning: Which structure guides it.
        item: Where image, label, mask and boxes stand in an item; inferred if absent.
        batch_size: Samples that the synthesizer makes at once.
        progress: Announce the plan and show progress bars, on standard error.

    Raises:
        MedsynthError: Whatever `plan_rebalancing`, the bank and `Producer` raise.
        SettingError: If an argument is of the wrong type, `mode`, `accept` or `on_late` is unknown, or
            `"on_the_fly"` has no synthesizer.
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
        mode: Mode = "cached",
        reuse: int = 1,
        ahead: int = 512,
        on_late: OnLate = "wait",
        accept: Accept = "any",
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
        transform: Callable[[Any], Any] | None = None,
        tv_tensors: bool = False,
        seed: int = 0,
        sampling: SamplingSettings | None = None,
        conditioning: ConditioningSettings | None = None,
        item: ItemAdapter | None = None,
        batch_size: int = 8,
        progress: bool = True,
    ) -> None:
        check_serving(
            synthesizer, bank, mode=mode, accept=accept, on_late=on_late, reuse=reuse, ahead=ahead,
            batch_size=batch_size,
        )  # fmt: skip
        folder = bank.path if isinstance(bank, SampleBank) else Path(bank)
        training = take_in(
            source, labels=labels, groups=groups, holdout_groups=holdout_groups, value_range=value_range,
            spacing_mm=spacing_mm, item=item, folder=folder / "labels", progress=progress,
        )  # fmt: skip
        wish = Wish(
            lesions=lesions, background=background, sampling_strategy=sampling_strategy, max_ratio=max_ratio,
            force=force, targets=targets, exclusive=tuple(exclusive), max_per_patient=max_per_patient,
            match=match, match_strict=match_strict, sham_fraction=sham_fraction, masks=masks,
            anatomy=anatomy, keep_mask=keep_mask, seed=seed, sampling=sampling or SamplingSettings(),
            conditioning=conditioning or ConditioningSettings(),
        )  # fmt: skip
        self._transform, self._tv_tensors, self._progress = transform, tv_tensors, progress
        self._supply: StoredSupply | Live
        if synthesizer is not None and mode == "on_the_fly":
            self.bank = bank if isinstance(bank, SampleBank) else SampleBank(folder)
            plan, self._supply = produced(
                training, wish, synthesizer, self.bank,
                reuse=reuse, ahead=ahead, on_late=on_late, batch_size=batch_size, accept=accept,
                progress=progress,
            )  # fmt: skip
        else:
            self.bank, plan, self._supply = stored(
                training, wish, synthesizer, bank if isinstance(bank, SampleBank) else folder,
                batch_size=batch_size, accept=accept, progress=progress,
            )  # fmt: skip
        self._serve(plan, training, wish)

    def _serve(self, plan: Plan, training: TrainingData, wish: Wish) -> None:
        """Keep what serving needs: the plan as it came about, and a reader of its sources."""
        self.plan = plan
        self._exclusive = training.exclusive(wish)
        painted = plan.samples.indices.tolist()
        self._shams = {index: len(plan) + number for number, index in enumerate(plan.shams.indices.tolist())}
        self._reader = training.reader.for_workers({*painted, *self._shams})
        labels = training.labels.with_painted(painted, plan.samples.keys, self._exclusive)
        self.targets = labels.values if labels.multi_label else labels.values.tolist()
        self.groups = [*training.groups, *plan.samples.patients]

    @property
    def sampling_strategy_(self) -> dict[ClassKey, Quota]:
        """Class -> synthetic samples wanted by the strategy, and granted: after the cap and all refusals."""
        return dict(self.plan.quotas)

    def __len__(self) -> int:
        return len(self._reader) + len(self.plan)

    def __getitem__(self, index: int) -> Any:
        served = self._served(self._position(index))
        item = self._reader.data[self._position(index)] if served is None else self._painted(served)
        if self._tv_tensors:
            from medsynth_aug.data.items.tv import as_tv_tensors

            item = as_tv_tensors(item, self._reader.adapter)
        return item if self._transform is None else self._transform(item)

    def is_synthetic(self, index: int) -> bool:
        """Whether an index gives a synthetic item, with a lesion."""
        return self._position(index) >= len(self._reader)

    def is_sham(self, index: int) -> bool:
        """Whether an index gives a real item that is replaced by a sham edit of itself."""
        return self._position(index) in self._shams

    def sample(self, index: int) -> SyntheticSample:
        """The synthetic sample behind an index now: its mask, edit region, request and provenance.

        Raises:
            IndexError: If the index gives an untouched real item or none.
        """
        served = self._served(self._position(index))
        if served is None:
            raise IndexError(f"index {index} is a real item; the synthetic ones start at {len(self._reader)}")
        return self.bank.get(served.digest)

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch, for the workers of any DataLoader too; a cached set is the same in every epoch.

        Raises:
            SettingError: If the epoch is no whole number from 0 on.
        """
        epoch = epoch_number(epoch)
        if isinstance(self._supply, Live):
            if epoch != self._supply.report().epoch:
                announce(str(self._supply.report()), self._progress)
            self._supply.set_epoch(epoch)

    def follow(self, sampler: Iterable[int]) -> FollowedSampler:
        """The sampler for your DataLoader that yields what `sampler` does and tells the producer beforehand.

        Args:
            sampler: Any sampler of this set's indices, or a list of them; its epochs become those of the data
                set.

        Raises:
            SettingError: If it has no length, or can be read only once.
        """
        return FollowedSampler(sampler, set_epoch=self.set_epoch, publish=self._publish)

    @property
    def production(self) -> ProductionReport | None:
        """Stall rate and throughput so far, over all workers; None for a cached set."""
        return self._supply.report() if isinstance(self._supply, Live) else None

    def close(self) -> None:
        """End the producer; the bank stays. It ends by itself with the data set or the process."""
        if isinstance(self._supply, Live):
            self._supply.close()

    def _publish(self, order: Sequence[int]) -> None:
        if isinstance(self._supply, Live):
            first = len(self._reader)
            places = (i - first if i >= first else self._shams.get(i) for i in map(self._position, order))
            self._supply.publish_order(np.array([p for p in places if p is not None], np.int64))

    def _served(self, position: int) -> Served | None:
        """What is shown at a position in place of a real item, or None where that is shown itself."""
        if position >= len(self._reader):
            return self._supply.serve(position - len(self._reader))
        return self._supply.serve(self._shams[position]) if position in self._shams else None

    def _planned(self, place: int) -> PlannedSample:
        return self.plan.samples[place] if place < len(self.plan) else self.plan.shams[place - len(self.plan)]

    def _painted(self, served: Served) -> Any:
        planned = self._planned(served.place)
        item, parts, source = self._reader.expect(planned.index, planned.request.source)
        edit, adapter = self.bank.edits.get(served.digest, planned.request.source), self._reader.adapter
        new = self.bank.get(served.digest) if edit is None else edit.into(source)
        painted = paint(parts, new, planned.key, exclusive=self._exclusive, mask_holds=adapter.mask_holds)
        return adapter.rebuild(item, painted)

    def _position(self, index: int) -> int:
        index = whole_number("an index of the data set", index)
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is outside a data set of {len(self)} items")
        return index % len(self)

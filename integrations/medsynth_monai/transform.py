"""The one line for a MONAI chain: with some probability, paint a rare lesion into a normal radiograph."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform, RandomizableTransform
from monai.utils.enums import TransformBackends
from torch.utils.data import get_worker_info

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.producer import OnLate, ProductionReport
from medsynth_aug.bank.producer.given import check_engine, epoch_number, whole_number
from medsynth_aug.conditioning.settings import ConditioningSettings
from medsynth_aug.data.items.labels import ClassKey
from medsynth_aug.errors import LabelError, SettingError
from medsynth_aug.lesions import Lesion
from medsynth_aug.synthesis import (
    Job,
    SamplingSettings,
    SynthesisRequest,
    Synthesizer,
    SyntheticSample,
    real_source,
)
from medsynth_aug.synthesis.digest import digest_pixels
from medsynth_aug.types import resolve_value_range
from medsynth_monai.any_lesion import AnyLesion
from medsynth_monai.axes import SpatialOrder, as_type_of, check_spatial_order, from_rows
from medsynth_monai.choice import LesionChoice
from medsynth_monai.draws import Draw, mixed_state, token_of
from medsynth_monai.labels import Background, LabelRules
from medsynth_monai.masks import empty_mask, with_lesion_mask
from medsynth_monai.painting import Accept, BankPainting, LivePainting
from medsynth_monai.reading import Inputs, ItemReader
from medsynth_monai.record import UNTOUCHED, SynthesisRecord, read_record
from medsynth_monai.spacing import check_spacing_mm


class RandSynthesizeLesiond(RandomizableTransform, MapTransform):
    """Paints a lesion into background images; everything outside the edit region stays bit-exact.

    It stands after loading, channel-first and *fixed-range* scaling, and before any spatial or intensity
    `Rand*`. With probability `prob`, and only if the label is background, the item gets a new image, a new
    label and, with `mask_key`, the lesion's mask, all together; it carries a record of the request. If there
    is no place for the lesion in this image, the item passes untouched and the record says why.

    Chance: the transform has a generator of its own, which `Compose` and MONAI's `DataLoader` seed as they
    seed every `Rand*`; `seed` and the seed of a DataLoader worker are folded in. Every item takes the same
    number of draws.

    A live engine paints in the training process: `num_workers=0`, or MONAI's `ThreadDataLoader` with it.
    With `bank=`, a process of its own paints, and any number of workers draw from the bank: which lesion an
    image then gets is decided by seed, epoch and image, whether it is painted is chance as before. Call
    `set_epoch(epoch)` before each epoch, else every epoch draws the same lesions. `medsynth_monai.plan` lets
    samples be there before they are asked for.

    Args:
        keys: The key of the image, `(C, W, H)` or `(C, H, W)`, with 1 channel or 3 equal ones; just one key,
            since label and mask belong to one image.
        synthesizer: Anything that keeps the `Synthesizer` seam.
        lesions: Class (single-label) or column (multi-label) of each lesion, to its name or the lesion.
        background: Classes that may be painted into, or a predicate on the label. In multi-label data the
            default is: no lesion column is set.
        label_key: Key of the label: a class (number, text, 0-d tensor or array), or a vector of columns
            (list, tensor or array). It comes back in the type it came in.
        prob: Probability that a background item is painted, in [0, 1].
        weights: How often each lesion is painted relative to the others; 1 where absent.
        mask_key: Key under which every item then carries a mask, uint8 with 1 in the lesion: written empty
            where nothing was painted, joined with the item's own mask where it has one (one channel for all
            lesions, or one for each class or column).
        anatomy_key: Key of the item's own lung fields, 2 channels: the patient's right lung, then the left.
        keep_mask_key: Key of what is never painted over (devices, markers), any number of channels.
        value_range: Darkest and brightest value that an image at this place of the chain can hold.
        spatial_order: `"WH"` as stock readers give images, or `"HW"`.
        spacing_mm: `(row_mm, column_mm)` of every image; None takes an image's affine where its file stated
            one (see `stated_spacing`), else the synthesizer assumes a spacing from the anatomy.
        exclusive: Columns such as "No Finding" that a painted lesion clears.
        sampling: How to denoise.
        conditioning: Which structure guides it.
        bank: The bank to draw from, or its folder; it keeps a copy of every source that is painted.
        reuse: With a bank: for how many epochs a sample serves.
        ahead: With a bank and a plan: how many images to look ahead.
        on_late: With a bank, for a sample that is not there yet: `"wait"`, or `"reuse"` an earlier draw.
        batch_size: With a bank: samples made at once.
        accept: With a bank: `"any"` sample, or those `"approved"` when an epoch begins; else untouched.
        record_key: Key of the record, a string: empty if untouched, else for `read_record`.
        seed: Folded into every seed that the transform is given; at least 0.
        allow_missing_keys: Let items without the image or its anatomy and keep-mask pass.

    Raises:
        SettingError: If a setting is out of its range.
        UnknownLesionError: If a lesion is not registered.
        LabelError: If `weights`, `background` or `exclusive` contradict `lesions`.
    """

    backend = [TransformBackends.TORCH]  # noqa: RUF012  MONAI's own form

    def __init__(
        self,
        keys: KeysCollection,
        synthesizer: Synthesizer,
        lesions: Mapping[ClassKey, str | Lesion],
        background: Background = None,
        *,
        label_key: Hashable = "label",
        prob: float = 0.5,
        weights: Mapping[ClassKey, float] | None = None,
        mask_key: Hashable | None = None,
        anatomy_key: Hashable | None = None,
        keep_mask_key: Hashable | None = None,
        value_range: tuple[float, float] = (0, 1),
        spatial_order: SpatialOrder = "WH",
        spacing_mm: tuple[float, float] | None = None,
        exclusive: tuple[int, ...] = (),
        sampling: SamplingSettings | None = None,
        conditioning: ConditioningSettings | None = None,
        bank: SampleBank | str | Path | None = None,
        reuse: int = 1,
        ahead: int = 512,
        on_late: OnLate = "wait",
        batch_size: int = 8,
        accept: Accept = "any",
        record_key: Hashable = "synthesis",
        seed: int = 0,
        allow_missing_keys: bool = False,
    ) -> None:
        MapTransform.__init__(self, keys, allow_missing_keys)
        RandomizableTransform.__init__(self, _checked_prob(prob))
        if len(self.keys) != 1:
            raise SettingError(f"keys is {self.keys}; name one image: its label and mask belong to it alone")
        check_engine(synthesizer)
        check_spatial_order(spatial_order)
        self.engine = synthesizer.fingerprint
        self.choice = LesionChoice.of(lesions, weights)
        names = {key: lesion.name for key, lesion in self.choice.lesions.items()}
        self.rules = LabelRules(lesions=names, background=background, exclusive=tuple(exclusive))
        self.label_key, self.mask_key, self.record_key = label_key, mask_key, record_key
        self.reader = ItemReader(
            image_key=self.keys[0],
            anatomy_key=anatomy_key,
            keep_mask_key=keep_mask_key,
            value_range=resolve_value_range(torch.empty(0), value_range),
            spatial_order=spatial_order,
            spacing_mm=check_spacing_mm(spacing_mm),
            allow_missing_keys=allow_missing_keys,
        )
        self.sampling = sampling or SamplingSettings()
        self.conditioning = conditioning or ConditioningSettings()
        self.seed = whole_number("seed", seed, least=0)
        self.R = mixed_state(self.seed)
        self._worker_seed: int | None = None
        self._draw = Draw(paints=False, pick=0.0, token="")
        self.painting: LivePainting | BankPainting
        if bank is None:
            self.painting = LivePainting(synthesizer, accept=accept)
        else:
            self.painting = BankPainting(
                synthesizer, bank if isinstance(bank, SampleBank) else SampleBank(bank),
                draws=AnyLesion(choice=self.choice, reuse=reuse), ahead=ahead, on_late=on_late,
                batch_size=batch_size, accept=accept,
            )  # fmt: skip

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch, for all workers; only a transform that draws from a bank needs to know.

        Raises:
            SettingError: If the epoch is no whole number from 0 on.
        """
        epoch = epoch_number(epoch)
        if isinstance(self.painting, BankPainting):
            self.painting.set_epoch(epoch)

    @property
    def production(self) -> ProductionReport | None:
        """Stall rate and throughput so far, over all workers; None without a bank."""
        return self.painting.producer.report() if isinstance(self.painting, BankPainting) else None

    def close(self) -> None:
        """End the producer, if there is one; it ends by itself with the transform or the process."""
        if isinstance(self.painting, BankPainting):
            self.painting.producer.close()

    def set_random_state(
        self, seed: int | None = None, state: np.random.RandomState | None = None
    ) -> "RandSynthesizeLesiond":
        """Seed the transform's own generator, as `Compose` and MONAI's `DataLoader` do.

        Args:
            seed: Folded together with the transform's own `seed`.
            state: A generator to use as it is.
        """
        super().set_random_state(seed=seed, state=state)
        if seed is not None:
            self.R = mixed_state(self.seed, int(seed))
        self._worker_seed = None
        return self

    def randomize(self, data: Any = None) -> None:
        """Draw everything that chance decides for one item; always the same number of draws."""
        super().randomize(None)
        self._draw = Draw(self._do_transform, float(self.R.random_sample()), token_of(self.R))

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """The item with a lesion, or a copy of it as it came.

        Raises:
            SettingError: If a live engine is called in a DataLoader worker, a key is missing, or the item has
                something of its own under `record_key`.
            LabelError: If the label is missing or has no usable form.
            GridError: If image, mask, anatomy and keep-mask are not on one grid.
            ValueRangeError: If the image holds NaN, infinity or values outside the range.
        """
        self._enter_worker()
        self.randomize()
        item, key = dict(data), self.keys[0]
        earlier = read_record(item.setdefault(self.record_key, UNTOUCHED))
        if self.allow_missing_keys and key not in item:
            return item
        inputs = self.reader.read(item)
        if self.mask_key is not None:
            item.setdefault(self.mask_key, empty_mask(item[key]))
        may_paint = self.may_paint(item)
        if earlier is None and may_paint and self._draw.paints:
            self._paint(item, inputs)
        return item

    def _enter_worker(self) -> None:
        """Fold the seed of a DataLoader worker into the generator; refuse a live engine there."""
        self.painting.check_worker()
        worker = get_worker_info()
        if worker is not None and worker.seed != self._worker_seed:
            self.R = mixed_state(int.from_bytes(self.R.bytes(8), "little"), worker.seed)
            self._worker_seed = worker.seed

    def _paint(self, item: dict[Hashable, Any], inputs: Inputs) -> None:
        """Image, label, mask and record of a copied item change together, or only the record says why not."""
        image, label, order = item[self.keys[0]], self._label(item), self.reader.spatial_order
        outcome = self.painting.paint(self.job(inputs))
        if isinstance(outcome, SyntheticSample):
            target = self.choice.key_of(outcome.request, self.choice.pick(self._draw.pick))
            new_label = self.rules.painted(label, target)
            if self.mask_key is not None:
                item[self.mask_key] = with_lesion_mask(
                    str(self.mask_key), item[self.mask_key], outcome.mask, order, key=target
                )
            item[self.keys[0]] = as_type_of(image, from_rows(outcome.image, order))
            item[self.label_key] = new_label
        item[self.record_key] = SynthesisRecord.of(outcome).to_text()

    def job(self, inputs: Inputs) -> Job:
        """What is asked for an image, by the last draw; where a bank is drawn from, it decides the lesion."""
        anatomy, keep = inputs.anatomy, inputs.keep_mask
        source = real_source(inputs.pixels, value_range=self.reader.value_range, spacing_mm=inputs.spacing)
        request = SynthesisRequest(
            source=source.digest,
            lesion=self.choice.lesions[self.choice.pick(self._draw.pick)],
            engine=self.engine,
            seed=self.seed,
            slot=f"monai/{self._draw.token}/{source.digest}",
            sampling=self.sampling,
            conditioning=self.conditioning,
            anatomy_digest=None if anatomy is None else digest_pixels(anatomy),
            keep_mask_digest=None if keep is None else digest_pixels(keep),
        )
        return Job(request, source, anatomy=anatomy, keep_mask=keep)

    def may_paint(self, item: Mapping[Hashable, Any]) -> bool:
        """Whether a lesion may be painted into an item, by its label.

        Raises:
            LabelError: If the label is missing or has no usable form.
        """
        return self.rules.accepts(self._label(item))

    def _label(self, item: Mapping[Hashable, Any]) -> Any:
        if self.label_key not in item:
            raise LabelError(
                f"an item has no {self.label_key!r}, only {list(item)}; say where the label is: label_key=..."
            )
        return item[self.label_key]


def _checked_prob(prob: float) -> float:
    if isinstance(prob, bool) or not isinstance(prob, int | float) or not 0 <= prob <= 1:
        raise SettingError(f"prob is {prob!r}; it is a probability in [0, 1]")
    return float(prob)

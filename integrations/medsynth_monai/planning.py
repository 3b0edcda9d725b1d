"""Plan for a MONAI chain: find the images that may be painted, as they are at that place of the chain."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from monai.transforms import Compose, Randomizable
from tqdm.auto import tqdm

from medsynth_aug.data.splits.groups import Groups, check_holdout, resolve_groups
from medsynth_aug.errors import PlanError, SettingError
from medsynth_aug.synthesis import Job, SynthesisRequest
from medsynth_monai.painting import BankPainting
from medsynth_monai.transform import RandSynthesizeLesiond


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainPlan:
    """What a chain will draw from its bank.

    Args:
        requests: The first draw of each image that may be painted; `generate` makes them beforehand.
        patients: Patient of each of these images.
        prob: Probability that one is painted.
    """

    requests: tuple[SynthesisRequest, ...]
    patients: tuple[str, ...]
    prob: float

    def __len__(self) -> int:
        return len(self.requests)

    def summary(self) -> str:
        """Images, patients and lesions of the first epoch, for people."""
        names = [request.lesion_name for request in self.requests]
        each = ", ".join(f"{self.prob * names.count(name):.0f} {name}" for name in sorted(set(names)))
        return (
            f"{len(self)} images of {len(set(self.patients))} patients may be painted; at prob {self.prob:g} "
            f"the first epoch expects {each or 'none'}"
        )


def plan(
    data: Sequence[Mapping[Hashable, Any]],
    chain: Compose,
    *,
    groups: Groups,
    holdout_groups: Iterable[Any] | None = None,
    progress: bool = True,
) -> ChainPlan:
    """Run a chain up to its `RandSynthesizeLesiond`, and let the producer work ahead for what stands there.

    Every image that may be painted is read once, and a copy of it is kept in the bank, as the chain has it at
    that place: the producer reads those copies only.

    Args:
        data: The training items, as your `Dataset` or `CacheDataset` gets them.
        chain: The chain, with one `RandSynthesizeLesiond` that draws from a bank; it may stand in a `Compose`
            inside the chain, but not in `OneOf`, `SomeOf` or `RandomOrder`.
        groups: Patient of each item, or `"each-image"`.
        holdout_groups: Patients of the validation and test splits, none of whom may be among these.
        progress: Show a bar.

    Raises:
        SettingError: If the chain has no such transform, or a random one before it.
        PlanError: If patients are unknown, or no image may be painted.
        SplitLeakError: If a training patient is held out.
        MedsynthError: Whatever the transform raises for an item.
    """
    names = resolve_groups(groups, len(data))
    check_holdout(groups, names, holdout_groups)
    before, transform, painting = _split(chain)
    requests: dict[str, SynthesisRequest] = {}
    patients = []
    for index in tqdm(range(len(data)), desc="Reading backgrounds", unit="image", disable=not progress):
        job = _job(before(data[index]), transform)
        if job is not None and job.request.source not in requests:
            painting.keep(job)
            requests[job.request.source] = painting.first_draw(job.request)
            patients.append(names[index])
    if not requests:
        raise PlanError("no item of the data may be painted; widen `background`, or add normal images")
    painting.look_ahead(tuple(requests.values()))
    return ChainPlan(requests=tuple(requests.values()), patients=tuple(patients), prob=transform.prob)


def _split(chain: Compose) -> tuple[Compose, RandSynthesizeLesiond, BankPainting]:
    """What comes before the transform, and the transform."""
    steps = list(_steps(chain))
    places = [i for i, step in enumerate(steps) if isinstance(step, RandSynthesizeLesiond)]
    if len(places) != 1:
        raise SettingError(
            f"the chain has {len(places)} RandSynthesizeLesiond, in itself and in each Compose inside it; a "
            "plan is made for exactly one, and what stands in OneOf, SomeOf or RandomOrder does not count"
        )
    transform = steps[places[0]]
    assert isinstance(transform, RandSynthesizeLesiond)
    if not isinstance(transform.painting, BankPainting):
        raise SettingError(
            'the transform paints live, so there is nothing to plan; give it a bank: bank="bank/"'
        )
    chance = [type(step).__name__ for step in steps[: places[0]] if isinstance(step, Randomizable)]
    if chance:
        raise SettingError(
            f"{chance[0]} stands before RandSynthesizeLesiond, so its images differ from epoch to epoch and "
            "cannot be planned; move random transforms behind it"
        )
    return _before(chain, transform), transform, transform.painting


def _steps(transform: Any) -> Iterator[Any]:
    """The transforms of a chain in their order, those of each Compose inside it too.

    A subclass of Compose (OneOf, RandomOrder …) may choose, so it is one step.
    """
    if type(transform) is not Compose:
        yield transform
        return
    for one in transform.transforms:
        yield from _steps(one)


def _before(chain: Compose, last: RandSynthesizeLesiond) -> Compose:
    """The chain with its settings as far as one of its steps, without that."""
    place = next(i for i, one in enumerate(chain.transforms) if any(step is last for step in _steps(one)))
    holder = chain.transforms[place]
    before = copy(chain)
    before.transforms = chain.transforms[:place]
    if holder is not last:
        before.transforms = (*before.transforms, _before(holder, last))
    return before


def _job(item: Any, transform: RandSynthesizeLesiond) -> Job | None:
    """What is asked for an item; None if it may not be painted."""
    return transform.job(transform.reader.read(item)) if transform.may_paint(item) else None

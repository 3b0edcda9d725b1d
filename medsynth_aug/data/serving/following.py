"""A sampler that tells the producer which samples will be read, and in which order."""

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any

from torch import distributed
from torch.utils.data import Sampler

from medsynth_aug.bank.producer.given import whole_number
from medsynth_aug.errors import SettingError


class FollowedSampler(Sampler[int]):
    """Yields the indices of another sampler, whose whole order is published when an epoch begins.

    `set_epoch` reaches both the sampler and the data set. Where nobody calls it, every new iteration is the
    next epoch.

    In several processes each must follow its share of one order, or an order that all of them draw alike: a
    `DistributedSampler`, or a random sampler with a seeded generator that Accelerate or Lightning deals out.

    Args:
        sampler: Any sampler of indices: `RandomSampler`, `WeightedRandomSampler`, `DistributedSampler` …
        set_epoch: Begins an epoch of the data set.
        publish: Is told the order of the epoch.
        first_epoch: Number of the first iteration, where `set_epoch` is not called.

    Raises:
        SettingError: If the sampler has no length, or can be read only once.
    """

    def __init__(
        self,
        sampler: Any,
        *,
        set_epoch: Callable[[int], None],
        publish: Callable[[list[int]], None],
        first_epoch: int = 0,
    ) -> None:
        _check_rereadable(sampler)
        self.sampler = sampler
        self._set_epoch, self._publish = set_epoch, publish
        self._next_epoch, self._told = first_epoch, False

    def __len__(self) -> int:
        return len(self.sampler)

    @property
    def generator(self) -> Any:
        """The generator of the sampler, where it has one: Accelerate keeps it alike in all processes."""
        return self.sampler.generator

    @generator.setter
    def generator(self, generator: Any) -> None:
        self.sampler.generator = generator

    def __iter__(self) -> Iterator[int]:
        """The order of an epoch.

        Raises:
            SettingError: If each of several processes would draw an order of its own, or what the sampler
                yields are no indices.
        """
        _check_alike(self.sampler)
        if not self._told:
            self._set_epoch(self._next_epoch)
            self._next_epoch += 1
        order = [whole_number("an index of the sampler", index) for index in self.sampler]
        self._publish(order)
        yield from order

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch; from now on iterations do not count as epochs by themselves.

        Raises:
            SettingError: If the epoch is no whole number from 0 on.
        """
        self._set_epoch(epoch)
        self._told = True
        if hasattr(self.sampler, "set_epoch"):
            self.sampler.set_epoch(epoch)


def _check_rereadable(sampler: Any) -> None:
    """Check that a sampler can be read anew in every epoch, to an end that is known beforehand."""
    if not isinstance(sampler, Iterable) or isinstance(sampler, Iterator) or not isinstance(sampler, Sized):
        raise SettingError(
            f"sampler is a {type(sampler).__name__}; every epoch reads it anew and a DataLoader asks for its "
            "length: give a list of indices, or a sampler such as RandomSampler(data)"
        )


def _check_alike(sampler: Any) -> None:
    """Check that a sampler draws alike in all processes; without a generator it draws as its process does."""
    alone = not (distributed.is_available() and distributed.is_initialized())
    count = 1 if alone else distributed.get_world_size()
    if count > 1 and getattr(sampler, "generator", distributed) is None:
        raise SettingError(
            f"the {type(sampler).__name__} has no generator, so each of the {count} processes would draw an "
            "order of its own, and some items would be seen twice and others never; follow a "
            "DistributedSampler, or give it generator=torch.Generator().manual_seed(0)"
        )

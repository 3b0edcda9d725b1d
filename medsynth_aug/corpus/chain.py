"""Follow a sample down to what it was made from: a whole synthetic image, a real one, or a break."""

from dataclasses import dataclass

from medsynth_aug.bank import SampleBank
from medsynth_aug.errors import BankError
from medsynth_aug.synthesis.sample import SyntheticSample
from medsynth_aug.synthesis.source import NO_SOURCE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chain:
    """The samples behind one image.

    Args:
        samples: The image first, then what it was painted into, and so on; pixels checked.
        root: What the last one was made from: `none`, `real:<digest>`, or "" where the chain breaks.
        problem: Why it breaks; "" where it does not.
    """

    samples: tuple[SyntheticSample, ...]
    root: str
    problem: str = ""

    @property
    def is_virtual(self) -> bool:
        """True if and only if the chain reaches a whole image that was made from nothing."""
        return self.root == NO_SOURCE


def follow(bank: SampleBank, digest: str) -> Chain:
    """The chain of a sample; a missing link or a record that is not its own ends it with a problem.

    A cycle ends so too: a request's digest covers its source, so a cycle holds a record that is not its own.

    Args:
        bank: Holds the samples.
        digest: Of the image.
    """
    samples: list[SyntheticSample] = []
    while True:
        if digest not in bank:
            place = "it" if not samples else f"{digest[:16]}, which it was painted into,"
            return _broken(samples, f"{place} is not in the bank")
        try:
            sample = bank.get(digest)
        except BankError as problem:
            return _broken(samples, str(problem))
        if sample.digest != digest:
            return _broken(
                samples, f"the record of {digest[:16]} holds another request than it is filed under"
            )
        samples.append(sample)
        source = sample.request.source
        if not source.startswith("sample:"):
            return Chain(samples=tuple(samples), root=source)
        digest = source.removeprefix("sample:")


def _broken(samples: list[SyntheticSample], problem: str) -> Chain:
    return Chain(samples=tuple(samples), root="", problem=problem)

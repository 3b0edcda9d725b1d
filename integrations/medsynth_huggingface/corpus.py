"""What is to be published, as values: virtual patients, their images and findings, and what was measured."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Protocol, get_args

from medsynth_aug.bank.producer.given import whole_number
from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation import Figure
from medsynth_aug.synthesis import SyntheticSample
from medsynth_aug.synthesis.digest import digest_json

NORMAL = "normal"
"""Class of an image without a finding."""

Verdict = Literal["real", "synthetic"]
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


class Samples(Protocol):
    """Where the samples are; a `SampleBank` is one."""

    def get(self, digest: str) -> SyntheticSample:
        """The stored sample."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusFinding:
    """One lesion of an image.

    Args:
        lesion: Its name.
        sample: Digest of the sample whose mask is its truth: the image, or a sample that it was painted on.
        side: "right", "left", or "" where it has none.
        severity: In the words of the population that it was drawn from; "" if none.
    """

    lesion: str
    sample: str
    side: str = ""
    severity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusImage:
    """One image of a virtual patient.

    Args:
        sample: Digest of its sample.
        findings: In the order in which they were painted; empty for a normal image.
        visit: "baseline", "follow-up" or the like.
        day: Days after the baseline.
        approvals: Physicians who approved it.
        readers: Physicians who read it.
    """

    sample: str
    findings: tuple[CorpusFinding, ...] = ()
    visit: str = "baseline"
    day: int = 0
    approvals: int = 0
    readers: int = 0

    @property
    def label(self) -> str:
        """Its class: the lesion that was painted last, "normal" without one."""
        return self.findings[-1].lesion if self.findings else NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusPatient:
    """A virtual patient.

    Args:
        id: Letters, digits and `_.-`; derived from no real id.
        sex: As sampled.
        age_years: As sampled, 0 to 120.
        view: Projection, such as "PA".
        images: At least one.

    Raises:
        SettingError: If a value is out of its range.
    """

    id: str
    sex: str
    age_years: int
    view: str
    images: tuple[CorpusImage, ...]

    def __post_init__(self) -> None:
        if not _PLAIN.fullmatch(self.id):
            raise SettingError(f"the patient id {self.id!r} is no plain name; use letters, digits and _.-")
        if not 0 <= whole_number(f"age_years of patient {self.id}", self.age_years) <= 120:
            raise SettingError(f"patient {self.id} is {self.age_years} years old; give 0 to 120")
        if not self.images:
            raise SettingError(f"patient {self.id} has no image; leave the patient out")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderAnswer:
    """One answer of a blinded reader study.

    Args:
        sample: Digest of the sample that was shown; None for a real image, which is only ever counted.
        reader: Whose answer; published as a number.
        answer: What the reader took it for.
        confidence: 1 to 5.
        diagnosis: The class that the reader named; "" if none was asked.
        repeat: True if the reader had seen the same image before.

    Raises:
        SettingError: If a value is out of its range.
    """

    sample: str | None
    reader: str
    answer: Verdict
    confidence: int
    diagnosis: str = ""
    repeat: bool = False

    def __post_init__(self) -> None:
        if self.answer not in get_args(Verdict):
            raise SettingError(f"answer is {self.answer!r}; choose from {', '.join(get_args(Verdict))}")
        if not 1 <= whole_number("confidence", self.confidence) <= 5:
            raise SettingError(f"confidence is {self.confidence}; give 1 to 5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Virtual patients with all that a published data set says of them.

    Args:
        patients: Each once.
        samples: Where their samples are.
        answers: Of a reader study; empty without one.
        figures: Heading -> what was measured, such as "Fidelity"; a heading that is absent was not measured.
        recipe: How it was made, name -> plain text, such as "checkpoint" -> "starter 0.2".
        credits: Lines on whose work it rests, with licences.
        notice: Attributions that go along as NOTICE.md; "" for none.
        license: Licence of the data set, as the Hub names it.

    Raises:
        SettingError: If a patient or an image stands in it twice, or an answer is on an image that does not.
    """

    patients: tuple[CorpusPatient, ...]
    samples: Samples
    answers: tuple[ReaderAnswer, ...] = ()
    figures: Mapping[str, tuple[Figure, ...]] = field(default_factory=dict)
    recipe: Mapping[str, str] = field(default_factory=dict)
    credits: tuple[str, ...] = ()
    notice: str = ""
    license: str = "cc-by-4.0"

    def __post_init__(self) -> None:
        for what, names in (("patient", [one.id for one in self.patients]), ("image", list(self.digests))):
            twice = {name for name in names if names.count(name) > 1} if len(names) > len(set(names)) else ()
            if twice:
                raise SettingError(f"{what} {min(twice)} stands in the corpus twice; give each once")
        strange = {one.sample for one in self.answers if one.sample is not None} - set(self.digests)
        if strange:
            raise SettingError(f"an answer is on {min(strange)}, which is not in the corpus; leave it out")

    def __iter__(self) -> Iterator[tuple[CorpusPatient, CorpusImage]]:
        for patient in self.patients:
            for image in patient.images:
                yield patient, image

    @property
    def digests(self) -> tuple[str, ...]:
        """Digests of all images, in order."""
        return tuple(image.sample for _, image in self)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes: normal, then the lesions in the order of the alphabet."""
        return (NORMAL, *sorted({one.lesion for _, image in self for one in image.findings}))

    @property
    def digest(self) -> str:
        """Digest of all but the pixels, which each sample's own digest stands for."""
        figures = {name: [asdict(one) for one in held] for name, held in self.figures.items()}
        parts: dict[str, Any] = {
            "patients": [asdict(one) for one in self.patients],
            "answers": [asdict(one) for one in self.answers],
            "figures": figures,
            "recipe": dict(self.recipe),
            "credits": list(self.credits),
            "notice": self.notice,
            "license": self.license,
        }
        return digest_json(parts)

    def only(self, digests: Collection[str]) -> "Corpus":
        """The corpus with these images alone; patients without any left are out, answers on others too."""
        kept = frozenset(digests)
        patients = _with_images(self.patients, lambda image: image.sample in kept)
        answers = tuple(one for one in self.answers if one.sample is None or one.sample in kept)
        return replace(self, patients=patients, answers=answers)


def _with_images(
    patients: tuple[CorpusPatient, ...], wanted: Callable[[CorpusImage], bool]
) -> tuple[CorpusPatient, ...]:
    held = ((one, tuple(image for image in one.images if wanted(image))) for one in patients)
    return tuple(replace(one, images=images) for one, images in held if images)

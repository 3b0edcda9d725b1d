"""A bank with a few virtual patients that the fake synthesizer made, and a corpus of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.evaluation import Figure
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.review import ReviewStore
from medsynth_aug.synthesis import FakeSynthesizer, SynthesisRequest, real_source
from medsynth_aug.synthesis.canvas import Canvas
from medsynth_huggingface import Corpus, CorpusFinding, CorpusImage, CorpusPatient, ReaderAnswer

SIZE = (96, 100)
LESIONS = ("nodule", "effusion")


def whole(bank: SampleBank, number: int, dtype: str = "uint8") -> SynthesisRequest:
    """A whole image without a finding; each number gives another one."""
    high = {"uint8": 255.0, "uint16": 4095.0, "int16": 1000.0}[dtype]
    canvas = Canvas(
        prompt="frontal chest radiograph, no finding, whole", height=SIZE[0], width=SIZE[1], dtype=dtype,
        value_range=(0.0, high), spacing_mm=(2.5, 2.5),
    )  # fmt: skip
    return SynthesisRequest(
        source="none", lesion=None, engine=FakeSynthesizer().fingerprint, seed=7, slot=f"patient/{number}",
        purpose="patient", canvas=canvas, anatomy_digest=bank.put_map(schematic_lungs(SIZE)),
    )  # fmt: skip


def painted(source: str, lesion: str, slot: str) -> SynthesisRequest:
    """A lesion painted into another sample, or into a real image."""
    return SynthesisRequest(
        source=source, lesion=resolve_lesion(lesion), engine=FakeSynthesizer().fingerprint, seed=7, slot=slot,
        purpose="patient",
    )  # fmt: skip


def make(bank: SampleBank, requests: Sequence[SynthesisRequest]) -> None:
    """Make samples, so that all of them are in the bank."""
    report = generate(requests, FakeSynthesizer(), bank, SourceStore(bank), progress=False)
    assert not report.refused, report.refused


def virtual_corpus(folder: Path, count: int = 6, dtype: str = "uint8") -> Corpus:
    """A corpus of `count` patients: normal, nodule, effusion in turn, and the last with both lesions.

    The answers of two readers on each patient and on ten real images come with it.
    """
    bank = SampleBank(folder / "bank")
    patients = tuple(_patient(bank, number, count, dtype) for number in range(count))
    answers = [
        ReaderAnswer(sample=patient.images[0].sample, reader=reader, answer="synthetic", confidence=4)
        for patient in patients
        for reader in ("Dr A", "Dr B")
    ]
    answers += [
        ReaderAnswer(sample=None, reader="Dr A", answer="real" if number else "synthetic", confidence=3)
        for number in range(10)
    ]
    figure = Figure(name="FID", value=12.5, low=11.0, high=14.0, n={"real": 200, "synthetic": 200})
    return Corpus(
        patients=patients, samples=bank, answers=tuple(answers), figures={"Fidelity": (figure,)},
        recipe={"checkpoint": "none: the lesion priors alone"}, credits=("Made for a test.",),
    )  # fmt: skip


def _patient(bank: SampleBank, number: int, count: int, dtype: str) -> CorpusPatient:
    lesions = LESIONS if number == count - 1 else ((), LESIONS[:1], LESIONS[1:])[number % 3]
    request = whole(bank, number, dtype)
    make(bank, [request])
    findings = []
    for lesion in lesions:
        request = painted(f"sample:{request.digest}", lesion, f"patient/{number}/{lesion}")
        make(bank, [request])
        findings.append(CorpusFinding(lesion=lesion, sample=request.digest, severity="mild"))
    image = CorpusImage(sample=request.digest, findings=tuple(findings), approvals=2, readers=2)
    return CorpusPatient(
        id=f"vp-{number:04d}", sex="female", age_years=40 + number, view="PA", images=(image,)
    )


def on_a_real_image(bank: SampleBank) -> tuple[str, str]:
    """A nodule painted into a real image: digest of the sample, and of the real image."""
    chance = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 200, (1, *SIZE), generator=chance).to(torch.uint8)
    source = real_source(pixels, spacing_mm=(2.5, 2.5))
    bank.put_source(source)
    request = painted(source.digest, "nodule", "planted")
    make(bank, [request])
    return request.digest, source.digest


@dataclass
class OpenGate:
    """Lets everything pass but what it was told to refuse; the gate itself has its own tests."""

    refusing: dict[str, str] = field(default_factory=dict)
    passed: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()

    def check(self, digests: Sequence[str]) -> "OpenGate":
        refused = tuple((one, self.refusing[one]) for one in digests if one in self.refusing)
        return OpenGate(self.refusing, tuple(one for one in digests if one not in self.refusing), refused)


@dataclass
class ReviewGate:
    """Lets pass what is approved in a bank at the time it is asked."""

    folder: Path

    def check(self, digests: Sequence[str]) -> OpenGate:
        reviews = ReviewStore(SampleBank(self.folder))
        states = {one: reviews.decision(one).state for one in digests}
        pending = {one: f"its review is {state}" for one, state in states.items() if state != "approved"}
        return OpenGate(pending).check(digests)

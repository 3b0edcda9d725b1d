"""Virtual patients by the starter itself: the whole way, on the CPU."""

from dataclasses import replace

from medsynth_aug.bank import SampleBank, SourceStore
from medsynth_aug.corpus import PatientSettings, Population, ancestry_of, make_patients
from medsynth_aug.corpus.chain import follow
from medsynth_aug.diffusion import LesionSynthesizer
from medsynth_aug.synthesis import SamplingSettings
from tests.corpus.conftest import no_real_pixels
from tests.corpus.test_gate import gate

FEW_STEPS = PatientSettings(
    least_lung_dice=0.5, whole=SamplingSettings(num_inference_steps=2),
    lesion=SamplingSettings(num_inference_steps=1),
)  # fmt: skip


def test_the_starter_makes_a_patient_whom_the_gate_lets_pass(bank: SampleBank) -> None:
    population = Population(findings={"mass": 1.0}, follow_up_share=1.0, second_finding_share=0.0)
    engine = LesionSynthesizer.from_pretrained("starter", device="cpu")
    report = make_patients(
        bank, engine, population, 1, settings=FEW_STEPS, sources=SourceStore(bank, no_real_pixels),
        progress=False,
    )  # fmt: skip
    (patient,) = report.patients
    images = [image.sample for image in patient.images]
    assert len(images) == 2
    assert all(follow(bank, digest).is_virtual for digest in images)
    passed = gate(bank, *images, ancestry=[ancestry_of(engine)]).check(images)
    assert passed.passed == tuple(images)
    assert passed.ancestors == ("apache-2.0", "cc-by-3.0", "cc-by-4.0", "licenseref-nih-chestx-ray14")
    first, later = (bank.get(one.chain[0]).image[0].float() for one in patient.images)
    others = make_patients(
        bank, engine, replace(population, follow_up_share=0.0), 1, seed=9, settings=FEW_STEPS, progress=False
    )
    stranger = bank.get(others.patients[0].images[0].chain[0]).image[0].float()
    assert (first - later).abs().mean() < 0.6 * (first - stranger).abs().mean()

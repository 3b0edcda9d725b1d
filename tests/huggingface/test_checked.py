"""A bank's corpus with the gate before it: what the card says of licence, recipe and review is recorded."""

from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus import PatientSettings, Population, make_patients
from medsynth_aug.errors import SettingError
from medsynth_aug.review import ReviewPolicy, ReviewStore
from medsynth_aug.synthesis import FakeSynthesizer
from medsynth_huggingface.checked import checked_corpus
from tests.corpus.quick_starter import write_quick_starter

SETTINGS = PatientSettings(side_px=96, least_lung_dice=0.0)
SICK = Population(findings={"nodule": 1.0}, follow_up_share=0.0)


def test_licence_recipe_and_review_are_as_recorded(tmp_path: Path) -> None:
    bank = SampleBank(tmp_path / "bank")
    made = make_patients(bank, FakeSynthesizer(), SICK, 3, seed=5, settings=SETTINGS, progress=False)
    first, second, unread = (one.images[0].sample for one in made.patients)
    reviews = ReviewStore(bank)
    a, b, c = (reviews.enrol(name) for name in ("Dr A", "Dr B", "Dr C"))
    reviews.set_policy(ReviewPolicy(approvals=2, readers=3, adjudication=False))
    for reader in (a, b):
        reviews.record(first, reader, "approve")
    for reader in (b, c):
        reviews.record(second, reader, "approve")
    reviews.record(second, a, "reject", reasons=["other"], comment="blurred")
    checkpoint = write_quick_starter(tmp_path / "starter")
    corpus, gate = checked_corpus(bank.path, checkpoint=str(checkpoint), license="CC-BY-4.0", device="cpu")
    assert corpus.license == gate.licence == "cc-by-4.0" and unread in corpus.digests
    origin = made.patients[0].origin
    assert corpus.recipe.items() >= {
        "digest of the population": SICK.digest, "seed": "5", "digest of the settings": origin["settings"],
    }.items()  # fmt: skip
    readers, policy, agreement = corpus.figures["Review"]
    assert str(readers) == "distinct readers: 3, n = 2 approved images"
    assert str(policy) == "approvals that the policy asks for, of 3 readers: 2, n = 2 approved images"
    assert agreement.value == 0.5 and agreement.n == {"images with several readers": 2}
    privacy = {one.name: one for one in corpus.figures["Privacy"]}
    assert "no positives" in privacy["median nearest distance, edit region"].refused


def test_a_licence_that_no_corpus_can_bear_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="licence is 'WTFPL'; a corpus may bear"):
        checked_corpus(tmp_path / "none", license="WTFPL")

"""Licences: what a card states, what an ancestor allows, and what is not known."""

from pathlib import Path

import pytest

from medsynth_aug.corpus import ancestry_of
from medsynth_aug.corpus.licences import ALLOWS, check_target, clashes, licences_of
from medsynth_aug.diffusion.checkpoint import STARTER
from medsynth_aug.synthesis import FakeSynthesizer


def test_the_starter_states_its_licences_and_they_allow_attribution() -> None:
    licences = licences_of(STARTER)
    assert licences == ("apache-2.0", "cc-by-3.0", "cc-by-4.0", "licenseref-nih-chestx-ray14")
    assert clashes(licences, "CC-BY-4.0") == []
    assert clashes(licences, "cc0-1.0") == [
        f"licence {one} of an ancestor does not allow cc0-1.0" for one in licences
    ]


@pytest.mark.parametrize(
    ("card", "found"),
    [
        ("---\nlicense: MIT\ntraining_data_licenses: CC0-1.0\n---\n", ("cc0-1.0", "mit")),
        ("---\nlicense: mit\n---\n", ("mit", "unknown")),
        ("---\ntraining_data_licenses: [cc0-1.0]\n---\n", ("cc0-1.0", "unknown")),
        ("# A card without metadata\n", ("unknown",)),
        (None, ("unknown",)),
    ],
)
def test_what_a_card_does_not_state_is_unknown(
    tmp_path: Path, card: str | None, found: tuple[str, ...]
) -> None:
    if card is not None:
        (tmp_path / "README.md").write_text(card)
    assert licences_of(tmp_path) == found


def test_nothing_is_known_of_an_engine_without_a_checkpoint() -> None:
    assert ancestry_of(FakeSynthesizer()).licences == ("unknown",)
    assert ancestry_of(FakeSynthesizer()).engine == FakeSynthesizer().fingerprint


def test_share_alike_and_non_commercial_bind_their_descendants() -> None:
    assert clashes(["cc-by-sa-4.0"], "cc-by-4.0")
    assert clashes(["cc-by-nc-4.0"], "cc-by-sa-4.0")
    assert not clashes(["cc-by-nc-4.0", "cc0-1.0"], "cc-by-nc-4.0")
    assert all(check_target(target.upper()) == target for allowed in ALLOWS.values() for target in allowed)

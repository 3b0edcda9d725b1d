"""Which licence a corpus may bear, given those of everything that it descends from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import metadata_load

from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis.synthesizer import Synthesizer

UNKNOWN = "unknown"

CARD = "README.md"
TRAINING_DATA = "training_data_licenses"
"""Where a checkpoint's card lists the licences of what it was trained on, beside the Hub's own `license`."""

_ATTRIBUTED = frozenset({"cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0"})

ALLOWS: Mapping[str, frozenset[str]] = {
    "cc0-1.0": _ATTRIBUTED | {"cc0-1.0", "apache-2.0", "mit"},
    "mit": _ATTRIBUTED | {"apache-2.0", "mit"},
    "bsd-3-clause": _ATTRIBUTED | {"apache-2.0"},
    "apache-2.0": _ATTRIBUTED | {"apache-2.0"},
    "cc-by-3.0": _ATTRIBUTED,
    "cc-by-4.0": _ATTRIBUTED,
    "cc-by-sa-4.0": frozenset({"cc-by-sa-4.0"}),
    "cc-by-nc-4.0": frozenset({"cc-by-nc-4.0", "cc-by-nc-sa-4.0"}),
    "cc-by-nc-sa-4.0": frozenset({"cc-by-nc-sa-4.0"}),
    "licenseref-nih-chestx-ray14": _ATTRIBUTED,
}
"""Licence of an ancestor -> licences that a corpus with it may bear, with attribution in its card.

SPDX identifiers in lower case, as the Hub writes them. Stricter than the law may be (whether an image derives
from a training image at all is disputed), and no legal advice. A licence that is not here refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestry:
    """What the images of one engine descend from.

    Args:
        engine: Fingerprint of the engine, as requests name it.
        licences: Of its weights and of all that they were trained on, SPDX identifiers.
    """

    engine: str
    licences: tuple[str, ...]


def ancestry_of(synthesizer: Synthesizer) -> Ancestry:
    """What the images of a synthesizer descend from, by the card of its checkpoint.

    Args:
        synthesizer: One with a `checkpoint` says where its card is; of any other one nothing is known.
    """
    checkpoint = getattr(synthesizer, "checkpoint", None)
    licences = (UNKNOWN,) if checkpoint is None else licences_of(checkpoint.folder)
    return Ancestry(engine=synthesizer.fingerprint, licences=licences)


def licences_of(folder: Path) -> tuple[str, ...]:
    """Licences that a checkpoint's card states: of its weights and of what they were trained on.

    Args:
        folder: With a README.md whose metadata hold `license` and `training_data_licenses`.

    Returns:
        In lower case, sorted; "unknown" among them where one of the two is not stated.
    """
    card = folder / CARD
    stated = (metadata_load(card) or {}) if card.is_file() else {}
    found: set[str] = set()
    for name in ("license", TRAINING_DATA):
        value = stated.get(name) or [UNKNOWN]
        found |= {str(one).lower() for one in (value if isinstance(value, list) else [value])}
    return tuple(sorted(found))


def check_target(licence: str) -> str:
    """A licence that a corpus may bear, in lower case.

    Raises:
        SettingError: If it is not known.
    """
    known = sorted(set().union(*ALLOWS.values()))
    if licence.lower() not in known:
        raise SettingError(f"licence is {licence!r}; a corpus may bear {', '.join(known)}")
    return licence.lower()


def clashes(ancestors: Iterable[str], licence: str) -> list[str]:
    """Why a corpus may not bear a licence, one line an ancestor that stands against it.

    Args:
        ancestors: SPDX identifiers.
        licence: What the corpus shall bear.
    """
    told = []
    for one in sorted({name.lower() for name in ancestors}):
        if one not in ALLOWS:
            told.append(f"licence {one!r} of an ancestor is not known to allow anything")
        elif licence.lower() not in ALLOWS[one]:
            told.append(f"licence {one} of an ancestor does not allow {licence.lower()}")
    return told

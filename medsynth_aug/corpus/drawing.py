"""Draw a patient: every choice of chance about who it is, by seed and number alone."""

from dataclasses import dataclass
from typing import get_args

import numpy as np

from medsynth_aug.anatomy.shape_model import LungShape, read_shapes
from medsynth_aug.corpus.patient import Severity, Sex, View
from medsynth_aug.corpus.population import Population
from medsynth_aug.lesions.scene import Side
from medsynth_aug.synthesis.digest import digest_json, seed_of

SEVERITIES: tuple[Severity, ...] = get_args(Severity)

BREATH = (0.015, 0.05)
"""How much taller or lower, as a share, the lungs of a follow-up are: no two films show one breath."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnFinding:
    """A finding as it was drawn, before it has a place.

    Args:
        lesion: Its name.
        side: The patient's side that it is wanted on, where the lesion has one.
        severities: By visit.
        share: Where in the severity's third of the range of sizes it lies, in [0, 1].
    """

    lesion: str
    side: Side
    severities: tuple[Severity, ...]
    share: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnPatient:
    """Who a patient is, before there is an image.

    Args:
        id: Derived from population, seed, number, engine and settings.
        number: Which patient of the seed it is.
        sex: Drawn from the population.
        age_years: Likewise.
        view: Likewise.
        lungs: Outlines at the baseline.
        days: Day of each visit, 0 first.
        depths: Depth of breath of each visit, 1 first.
        findings: What the images shall show.
    """

    id: str
    number: int
    sex: Sex
    age_years: int
    view: View
    lungs: LungShape
    days: tuple[int, ...]
    depths: tuple[float, ...]
    findings: tuple[DrawnFinding, ...]

    @property
    def prompt(self) -> str:
        """What the whole image shows, in the words that the starter was trained with."""
        age = "child" if self.age_years < 18 else band(self.age_years)
        return f"frontal chest radiograph, no finding, whole, {self.view} view, {age}, {self.sex}"


def draw_patient(population: Population, *, seed: int, number: int, made_by: str) -> DrawnPatient:
    """Patient `number` of a seed; the same each time, whoever else is drawn.

    Args:
        population: What is drawn from.
        seed: The user's.
        number: From 0.
        made_by: Digest of engine and settings that will make the images; it enters the id only.
    """
    rng = np.random.default_rng(
        seed_of(digest_json({"population": population.digest, "seed": seed, "number": number}), "patient")
    )
    child = bool(rng.random() < population.child_share)
    low, high = population.child_ages if child else population.adult_ages
    age, female = int(rng.integers(low, high + 1)), bool(rng.random() < population.female_share)
    view: View = "PA" if not child and rng.random() < population.pa_share else "AP"
    lungs = read_shapes("child" if child else "adult").draw(rng)
    names = _names(population, rng)
    followed = bool(names) and bool(rng.random() < population.follow_up_share)
    step = int(rng.choice((1, -1, 0), p=_courses(population))) if followed else 0
    day = int(rng.integers(population.follow_up_days[0], population.follow_up_days[1] + 1))
    depth = 1 + float(rng.choice((-1, 1)) * rng.uniform(*BREATH))
    return DrawnPatient(
        id=patient_id(population, seed=seed, number=number, made_by=made_by),
        number=number,
        sex="female" if female else "male",
        age_years=age,
        view=view,
        lungs=lungs,
        days=(0, day) if followed else (0,),
        depths=(1.0, round(depth, 4)) if followed else (1.0,),
        findings=tuple(_finding(name, population, step if followed else None, rng) for name in names),
    )


def patient_id(population: Population, *, seed: int, number: int, made_by: str) -> str:
    """Id of a patient: random-looking, and derived from nothing real."""
    origin = {"population": population.digest, "seed": seed, "number": number, "made_by": made_by}
    return "vp-" + digest_json(origin)[:20]


def band(age_years: int) -> str:
    """The word for an adult's age that the starter was trained with."""
    return "adult" if age_years < 40 else "middle aged" if age_years < 65 else "elderly"


def _names(population: Population, rng: np.random.Generator) -> list[str]:
    known = sorted(population.findings)
    shares = np.array([population.findings[name] for name in known] + [0.0])
    shares[-1] = max(0.0, 1 - shares.sum())
    first, again = int(rng.choice(len(shares), p=shares / shares.sum())), rng.random()
    if first == len(known):
        return []
    others = np.delete(np.arange(len(known)), first)
    weights = shares[others]
    if again < population.second_finding_share and weights.sum() > 0:
        return [known[first], known[int(rng.choice(others, p=weights / weights.sum()))]]
    return [known[first]]


def _courses(population: Population) -> tuple[float, float, float]:
    worse, better = population.progressed_share, population.regressed_share
    return worse, better, max(0.0, 1 - worse - better)


def _finding(name: str, population: Population, step: int | None, rng: np.random.Generator) -> DrawnFinding:
    weights = np.array([population.severities.get(one, 0.0) for one in SEVERITIES])
    at = int(rng.choice(len(SEVERITIES), p=weights / weights.sum()))
    later = () if step is None else (SEVERITIES[min(2, max(0, at + step))],)
    side: Side = "right" if rng.random() < 0.5 else "left"
    return DrawnFinding(
        lesion=name, side=side, severities=(SEVERITIES[at], *later), share=float(rng.uniform(0.1, 0.9))
    )

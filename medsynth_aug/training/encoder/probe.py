"""What the encoder's features know: linear probes on patients that it never saw, beside random weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from medsynth_aug.evaluation.extraction.encoder import FEATURES, RadiographEncoder, load_encoder, standardise
from medsynth_aug.evaluation.extraction.extractors import FeatureExtractor
from medsynth_aug.evaluation.figures import Figure, patient_weights, percentile_interval, refusal
from medsynth_aug.training.seeded import seeded_weights
from medsynth_aug.training.starter.images.radiographs import Radiograph, read_radiographs
from medsynth_aug.training.starter.index import features_of_radiographs

PENALTY = 0.1
"""Inverse strength `C` of the L2 penalty on standardised features; fixed beforehand, not tuned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Two kinds of film of one source that the features should tell apart.

    Args:
        name: What the figure is called.
        source: Start of the `source` column.
        positive: Labels or views of which a positive has one.
        negative: Labels or views of which a negative has one.
    """

    name: str
    source: str
    positive: frozenset[str]
    negative: frozenset[str]

    def answer(self, one: Radiograph) -> int:
        """1 for a positive, 0 for a negative, -1 for a film that is not asked about."""
        if not one.row.get("source", "").startswith(self.source):
            return -1
        shown = {*one.labels, one.row.get("view", "")}
        return 1 if shown & self.positive else 0 if shown & self.negative else -1


QUESTIONS = (
    Question(
        name="viral vs normal (children)", source="Kermany",
        positive=frozenset({"Viral"}), negative=frozenset({"Normal"}),
    ),
    Question(
        name="bacterial vs normal (children)", source="Kermany",
        positive=frozenset({"Bacterial"}), negative=frozenset({"Normal"}),
    ),
    Question(
        name="effusion vs no finding (adults)", source="NIH",
        positive=frozenset({"Effusion"}), negative=frozenset({"No Finding"}),
    ),
    Question(
        name="nodule or mass vs no finding (adults)", source="NIH",
        positive=frozenset({"Nodule", "Mass"}), negative=frozenset({"No Finding"}),
    ),
    Question(
        name="view PA vs AP (adults)", source="NIH", positive=frozenset({"PA"}), negative=frozenset({"AP"})
    ),
)  # fmt: skip


def measure(weights: Path, data: Path, *, pool: str = "eval", seed: int = 0) -> list[Figure]:
    """Test AUROC of each question for the encoder and for random weights, and the paired difference.

    A logistic regression on the features is fitted on split `train` of the pool and judged on split
    `test`; the splits share no patient. Alain and Bengio, "Understanding intermediate layers using linear
    classifier probes", ICLR workshop 2017.

    Args:
        weights: File of the encoder.
        data: Folder with `labels.csv`.
        pool: Which images to measure on; none of them may have been trained on.
        seed: Seed of the random weights and of the resamples.

    Raises:
        CheckpointError: If the weights are missing or do not fit.
        UnreadableFileError: If the data folder or one of its files cannot be read.
        LabelError: If the CSV lacks a column.
    """
    with seeded_weights(seed):
        untrained = RadiographEncoder().eval()
    radiographs = read_radiographs(data, pool=pool)
    features = {
        name: features_of_radiographs(radiographs, _extractor(name, encoder))
        for name, encoder in (("medsynth", load_encoder(weights)), ("random weights", untrained))
    }
    return [figure for one in QUESTIONS for figure in probe(one, radiographs, features, seed=seed)]


def probe(
    question: Question, radiographs: Sequence[Radiograph], features: dict[str, np.ndarray], *, seed: int = 0
) -> list[Figure]:
    """AUROC of one question for each set of features `(N, D)`, then the first minus the second.

    The intervals are over patients, who are drawn with all their films.
    """
    answers = np.array([question.answer(one) for one in radiographs])
    split = np.array([one.row.get("split", "") for one in radiographs])
    fit, test = (np.flatnonzero((answers >= 0) & (split == part)) for part in ("train", "test"))
    n = {"positive": int(answers[test].sum()), "negative": int((answers[test] == 0).sum())}
    names = [*(f"AUROC {question.name}, {name}" for name in features), f"AUROC {question.name}, difference"]
    if any(len(np.unique(answers[part])) < 2 for part in (fit, test)):
        return [refusal(name, "a split lacks positives or negatives", n=n) for name in names]
    told = []
    for held in features.values():
        model = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=5000))
        told.append(model.fit(held[fit], answers[fit]).decision_function(held[test]))
    drawn = patient_weights([radiographs[int(index)].group for index in test], np.random.default_rng(seed))
    rows = [_auroc(answers[test], one, drawn) for one in told]
    rows.append(rows[0] - rows[1])
    note = f"fitted on {answers[fit].sum()} positive and {(answers[fit] == 0).sum()} negative films"
    figures = []
    for name, values in zip(names, rows, strict=True):
        low, high = percentile_interval(values[1:])
        figures.append(Figure(name=name, value=float(values[0]), low=low, high=high, n=n, note=note))
    return figures


def _extractor(name: str, encoder: RadiographEncoder) -> FeatureExtractor:
    return FeatureExtractor(
        name, "", FEATURES, encoder, lambda grey: standardise(grey)[None], torch.device("cpu")
    )


def _auroc(answers: NDArray[np.int64], told: np.ndarray, drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    """AUROC of the films as they are, then of each resample; NaN where a resample lacks a kind."""
    values = [float(roc_auc_score(answers, told))]
    for weights in drawn:
        present = np.unique(answers[weights > 0])
        values.append(
            float(roc_auc_score(answers, told, sample_weight=weights)) if len(present) == 2 else np.nan
        )
    return np.array(values)

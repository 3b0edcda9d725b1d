"""The card of a published data set: measured values only, and what was not measured named as such."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from datasets.info import DatasetInfo, DatasetInfosDict
from datasets.utils.metadata import MetadataConfigs
from huggingface_hub import DatasetCard, DatasetCardData

from medsynth_huggingface.corpus import Corpus
from medsynth_huggingface.features import CONFIGS, DEFAULT, READER_STUDY
from medsynth_huggingface.manifest import Change
from medsynth_huggingface.splits import SPLITS, SplitShares

FILE = "README.md"

MEASURED = ("Review", "Reader study", "Fidelity", "Privacy")
"""Headings that every card has, measured or not."""

_TASKS = ["image-classification", "object-detection", "image-segmentation"]
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))

_USE = """\
```python
from datasets import load_dataset

patients = load_dataset("{repo_id}", split="train", revision="{tag}")
```"""

_INTENDED = """\
For research and teaching: to pre-train or to add to the training of classifiers, detectors and
segmenters, to test software, and to try out what would need real patients otherwise. Whether it helps a
task must be measured on real images of that task, which stay out of training."""

_LIMITS = """\
- No image shows a person, and no pixel is taken from one. The engine learned from radiographs of real
  patients; what was measured of its memory stands under Privacy.
- Ages, sexes, views and shares of findings were sampled; they say nothing about how frequent a disease
  is.
- Lesions look as the engine's priors and training let them look. A model that does well here may fail on
  real images.
- It is no medical device and must not guide the care of a patient."""

_COLUMNS = """\
`label` is the class of the lesion that was painted last (`normal` without one), `findings` has all.
`image_id` is the digest of the request that the image was made from, `pixels_sha256` that of its pixels
(`medsynth_huggingface.pixels_digest` gives it). All images of a patient are in one split, which the
patient's id alone decides. `provenance` says how an image was made: engine, seed, settings, and the
chain of synthetic images that it was painted on, which begins with a whole synthetic image."""


def card_of(
    corpus: Corpus,
    *,
    repo_id: str,
    infos: Mapping[str, DatasetInfo],
    changes: Sequence[Change],
    shares: SplitShares,
    project: str = "https://github.com/medsynth-aug/medsynth-aug",
) -> str:
    """The text of the card.

    Args:
        corpus: What is published.
        repo_id: Organisation and name.
        infos: Configuration -> what `datasets` knows of it once it is written.
        changes: Every revision, this one last; none for what the card says without them.
        shares: Of the splits.
        project: Address of the program that made it.
    """
    name = repo_id.split("/")[-1]
    parts = [
        f"# {name}",
        f"Synthetic radiographs of {len(corpus.patients)} virtual patients ({len(corpus.digests)} images), "
        f"made with [medsynth-aug]({project}). Every pixel is synthetic.",
        _USE.format(repo_id=repo_id, tag=changes[-1].tag if changes else ""),
        "## What it holds",
        _counts(corpus, shares),
        "\n".join(f"- `{config}`: {CONFIGS[config]}" for config in infos),
        _COLUMNS,
        "## How it was made",
        _lines(f"{key}: {text}" for key, text in corpus.recipe.items()) or "The recipe was not recorded.",
        *_measured(corpus),
        "## Intended use",
        _INTENDED,
        "## Limits",
        _LIMITS,
        "## Licence and credits",
        f"Licence: {corpus.license}.",
        _lines((*corpus.credits, *(["`NOTICE.md` has the attributions."] if corpus.notice else []))),
        "## Checks",
        "`manifest.json` has the SHA-256 of every image's pixels, of every Parquet file, of `croissant.json` "
        "(which describes those to other tools) and of `NOTICE.md` where there is one.",
        "## Changelog",
        _lines(str(one) for one in reversed(changes)),
    ]
    text = "\n\n".join(part for part in parts if part)
    return f"---\n{_metadata(corpus, name, infos).to_yaml()}\n---\n\n{text}\n"


def about(corpus: Corpus, *, repo_id: str, infos: Mapping[str, DatasetInfo], shares: SplitShares) -> str:
    """SHA-256 of what the card says, without tag and changelog."""
    text = card_of(corpus, repo_id=repo_id, infos=infos, changes=(), shares=shares)
    return hashlib.sha256(text.encode()).hexdigest()


def repaired(card: str, sent: str) -> str | None:
    """The card as it should be if what load_dataset needs was lost from it, else None.

    Args:
        card: As the Hub has it.
        sent: As it was sent; its `configs` and `dataset_info` are right.
    """
    found, right = (DatasetCard(text, ignore_metadata_errors=True) for text in (card, sent))
    needed = ("configs", "dataset_info", "license")
    if all(found.data.get(name) == right.data.get(name) for name in needed):
        return None
    for name in needed:
        found.data[name] = right.data.get(name)
    return str(found)


def _metadata(corpus: Corpus, name: str, infos: Mapping[str, DatasetInfo]) -> DatasetCardData:
    count = len(corpus.digests)
    data = DatasetCardData(
        pretty_name=name,
        license=corpus.license,
        task_categories=list(_TASKS),
        size_categories=next((text for limit, text in _SIZES if count < limit), "n>1M"),
        tags=["medical", "radiology", "chest-x-ray", "synthetic", "medsynth-aug"],
    )
    DatasetInfosDict(infos).to_dataset_card_data(data)
    MetadataConfigs({config: _config(config, info) for config, info in infos.items()}).to_dataset_card_data(
        data
    )
    return data


def _config(config: str, info: DatasetInfo) -> dict[str, Any]:
    files = [{"split": split, "path": f"{config}/{split}-*"} for split in info.splits or {}]
    return {"data_files": files, **({"default": True} if config == DEFAULT else {})}


def _counts(corpus: Corpus, shares: SplitShares) -> str:
    held = Counter((image.label, shares.split_of(patient.id)) for patient, image in corpus)
    lines = [f"| class | {' | '.join(SPLITS)} |", f"|---|{'---|' * len(SPLITS)}"]
    lines += [
        f"| {label} | {' | '.join(str(held[label, split]) for split in SPLITS)} |" for label in corpus.classes
    ]
    return "\n".join(lines)


def _measured(corpus: Corpus) -> list[str]:
    """One section a heading; a heading without a figure says that it was not measured."""
    parts = []
    for heading in dict.fromkeys((*MEASURED, *corpus.figures)):
        figures = [str(one) for one in corpus.figures.get(heading, ())]
        stated = [_reading(corpus)] if heading == "Review" else []
        if heading == "Reader study" and corpus.answers:
            stated = [_study(corpus)]
        parts += [f"## {heading}", _lines((*stated, *figures)) or "Not measured."]
    return parts


def _reading(corpus: Corpus) -> str:
    """How often the published images were read, counted."""
    read = Counter(f"{image.approvals} of {image.readers}" for _, image in corpus)
    counted = ", ".join(f"{count} images by {share} readers" for share, count in sorted(read.items()))
    return f"approved: {counted}"


def _study(corpus: Corpus) -> str:
    shown = Counter("real" if one.sample is None else "synthetic" for one in corpus.answers)
    readers = len({one.reader for one in corpus.answers})
    return (
        f"answers of {readers} readers: {shown['synthetic']} on virtual patients, {shown['real']} on real "
        f"images; configuration `{READER_STUDY}` has them"
    )


def _lines(texts: Any) -> str:
    return "\n".join(f"- {text}" for text in texts)

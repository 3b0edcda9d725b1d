"""The rows of each configuration, from a corpus."""

from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import torch
from PIL import Image

from medsynth_aug.errors import PublishError
from medsynth_aug.synthesis import SyntheticSample
from medsynth_aug.synthesis.digest import digest_pixels
from medsynth_huggingface.corpus import Corpus, CorpusImage, CorpusPatient
from medsynth_huggingface.provenance import chain_of, projection, size_mm


def pixels_digest(image: Image.Image) -> str:
    """SHA-256 of an image's pixels, as `pixels_sha256` and the manifest give it.

    Args:
        image: Grey, 8 or 16 bits, as a published row holds it.
    """
    return digest_pixels(torch.from_numpy(np.array(image))[None])


def image_row(corpus: Corpus, patient: CorpusPatient, image: CorpusImage, config: str) -> dict[str, Any]:
    """One row of the configurations that hold images.

    Raises:
        PublishError: If a pixel of the image is real, a finding is of another image, or PNG cannot hold it.
    """
    chain = chain_of(corpus.samples, image.sample)
    sample = chain[0]
    truths = _truths(chain, image)
    lesions = [one.lesion for one in image.findings]
    return {
        "image": _file(_grey(sample), image.sample),
        "label": image.label,
        **_extra(config, image, lesions, truths),
        "findings": {
            "lesion": lesions,
            "side": [one.side for one in image.findings],
            "severity": [one.severity for one in image.findings],
            "size_mm": [size_mm(truth) for truth in truths],
        },
        "image_id": image.sample,
        "patient_id": patient.id,
        "visit": image.visit,
        "day": image.day,
        "sex": patient.sex,
        "age_years": patient.age_years,
        "view": patient.view,
        "value_range": list(sample.value_range),
        "spacing_mm": list(sample.spacing or ()),
        "pixels_sha256": digest_pixels(sample.image),
        "approvals": image.approvals,
        "readers": image.readers,
        "provenance": projection(chain),
    }


def study_rows(corpus: Corpus) -> Iterator[dict[str, Any]]:
    """One row an answer on a virtual patient; answers on real images are counted by reader and answer."""
    names = {one: f"reader {number}" for number, one in enumerate(_readers(corpus), 1)}
    owners = {image.sample: patient.id for patient, image in corpus}
    real = Counter(
        (names[one.reader], one.answer) for one in corpus.answers if one.sample is None and not one.repeat
    )
    for answer in corpus.answers:
        if answer.sample is not None:
            yield {
                "truth": "synthetic", "image_id": answer.sample, "patient_id": owners[answer.sample],
                "reader": names[answer.reader], "answer": answer.answer, "confidence": answer.confidence,
                "diagnosis": answer.diagnosis, "repeat": answer.repeat, "count": 1,
            }  # fmt: skip
    for (reader, given), count in sorted(real.items()):
        yield {
            "truth": "real", "image_id": None, "patient_id": None, "reader": reader, "answer": given,
            "confidence": None, "diagnosis": None, "repeat": False, "count": count,
        }  # fmt: skip


def _readers(corpus: Corpus) -> list[str]:
    return list(dict.fromkeys(one.reader for one in corpus.answers))


def _truths(chain: tuple[SyntheticSample, ...], image: CorpusImage) -> list[SyntheticSample]:
    """The sample of each finding, whose mask is its truth."""
    held = {one.digest: one for one in chain}
    for finding in image.findings:
        found = held.get(finding.sample)
        if found is None or found.lesion != finding.lesion or not bool(found.mask.any()):
            raise PublishError(
                f"finding {finding.lesion} of image {image.sample} names sample {finding.sample}, in which "
                "no such lesion was painted; name the sample of its chain that holds the mask"
            )
    painted = [one.digest for one in chain if one.lesion != "none"]
    if {one.sample for one in image.findings} != set(painted):
        raise PublishError(
            f"image {image.sample} has {len(painted)} painted lesions and {len(image.findings)} findings; "
            "state every lesion of its chain"
        )
    return [held[one.sample] for one in image.findings]


def _extra(
    config: str, image: CorpusImage, lesions: list[str], truths: list[SyntheticSample]
) -> dict[str, Any]:
    if config == "masks":
        masks = [_file(one.mask[0].numpy().astype(np.uint8) * 255, f"{one.digest}.mask") for one in truths]
        return {"masks": masks, "categories": lesions}
    if config == "boxes":
        boxes = [one.box for one in truths]
        sides = [[b.x0, b.y0, b.x1 - b.x0, b.y1 - b.y0] for b in boxes if b is not None]
        return {"objects": {"bbox": sides, "category": lesions}}
    return {}


def _grey(sample: SyntheticSample) -> np.ndarray:
    if sample.image.dtype not in (torch.uint8, torch.uint16) or sample.image.shape[0] != 1:
        kind = str(sample.image.dtype).removeprefix("torch.")
        raise PublishError(
            f"sample {sample.digest} is {kind} {tuple(sample.image.shape)}, which PNG cannot hold; make "
            'virtual patients with a canvas of dtype "uint8" or "uint16"'
        )
    return sample.image[0].numpy()


def _file(pixels: np.ndarray, name: str) -> dict[str, Any]:
    """Pixels as a PNG in memory, under a name that is no path."""
    written = BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return {"bytes": written.getvalue(), "path": f"{name}.png"}

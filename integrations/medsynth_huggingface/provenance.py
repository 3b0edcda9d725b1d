"""What a published row says of how its image was made: a listed projection, and never a real digest."""

from dataclasses import asdict
from typing import Any

from medsynth_aug.errors import BankError, PublishError
from medsynth_aug.synthesis import SyntheticSample
from medsynth_aug.synthesis.digest import canonical_json
from medsynth_huggingface.corpus import Samples


def chain_of(samples: Samples, digest: str) -> tuple[SyntheticSample, ...]:
    """The sample and those that it was painted on, down to the whole image that began without a source.

    Raises:
        PublishError: If the chain reaches a real image, lacks a link, or comes back to itself.
    """
    chain: list[SyntheticSample] = []
    wanted, seen = digest, set[str]()
    while True:
        if wanted in seen:
            raise PublishError(f"sample {digest} is painted on itself; leave it out")
        seen.add(wanted)
        try:
            chain.append(samples.get(wanted))
        except BankError as problem:
            raise PublishError(f"the chain of sample {digest} lacks a link: {problem}") from problem
        source = chain[-1].request.source
        if source == "none":
            return tuple(chain)
        if not source.startswith("sample:"):
            raise PublishError(
                f"sample {digest} is painted on a real image, which never leaves this machine; "
                "publish virtual patients only, whose chain begins with a whole synthetic image"
            )
        wanted = source.removeprefix("sample:")


def projection(chain: tuple[SyntheticSample, ...]) -> dict[str, Any]:
    """The published fields on how an image was made.

    Slots, parents, and the digests of masks and anatomies are left out: they may stand for real data.
    """
    request, whole = chain[0].request, chain[-1]
    canvas = whole.request.canvas
    return {
        "engine": request.engine,
        "maker": str(chain[0].provenance.get("maker", "")),
        "version": str(chain[0].provenance.get("version", "")),
        "prompt": "" if canvas is None else canvas.prompt,
        "seed": request.seed,
        "attempt": request.attempt,
        "pixel_version": request.pixel_version,
        "chain": [one.digest for one in chain],
        "sampling": _settings(request.sampling),
        "conditioning": _settings(request.conditioning),
    }


def size_mm(sample: SyntheticSample) -> float | None:
    """Size of a painted lesion, where the sample says it."""
    size = sample.provenance.get("size_mm")
    return None if size is None else float(size)


def _settings(settings: Any) -> str:
    """Frozen settings as canonical JSON."""
    return canonical_json(asdict(settings))

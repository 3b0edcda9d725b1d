"""A lesion is data: a name, a prompt and priors that any process finds again."""

import inspect
import json
import re

from medsynth_aug.errors import ConformanceError
from medsynth_aug.lesions import Lesion
from medsynth_aug.lesions.priors import Kind, prior_function
from medsynth_aug.synthesis.request import NO_LESION
from medsynth_aug.testing.check import expect
from medsynth_aug.testing.lesions.drawing import Claims

LONGEST_NAME = 64

POSITIONAL: dict[Kind, tuple[str, ...]] = {
    "placement": ("scene", "rng"),
    "shape": ("scene", "site", "size_mm", "rng"),
    "intensity": ("scene", "site", "mask", "rng"),
}
"""What `draw` passes to a prior before its parameters."""


def its_name_is_well_formed(lesion: Lesion, claims: Claims) -> None:
    """The name is short, of lower-case letters, digits, spaces, hyphens and underscores, and not reserved."""
    fits = re.fullmatch(r"[a-z0-9]([a-z0-9 _-]*[a-z0-9])?", lesion.name) and len(lesion.name) <= LONGEST_NAME
    expect(
        bool(fits),
        f"the name is {lesion.name!r}; use at most {LONGEST_NAME} lower-case letters, digits, spaces, "
        "hyphens and underscores",
    )
    expect(lesion.name != NO_LESION, f"the name is {NO_LESION!r}, which stands for images without a lesion")


def its_prompt_says_something(lesion: Lesion, claims: Claims) -> None:
    """The prompt is text that is not empty."""
    said = isinstance(lesion.prompt, str) and lesion.prompt.strip()
    expect(bool(said), f"the prompt is {lesion.prompt!r}; say what the image shows")


def its_definition_comes_back_from_json(lesion: Lesion, claims: Claims) -> None:
    """The definition comes back equal from JSON, with every field."""
    text = json.dumps(lesion.to_json(), allow_nan=False)
    again = type(lesion).from_json(json.loads(text))
    expect(again == lesion, f"from JSON came {again}, not {lesion}")
    plain = Lesion.from_json(json.loads(text))
    expect(type(lesion) is Lesion, f"it is a {type(lesion).__name__}, but comes back as {plain}; use Lesion")


def its_priors_take_their_parameters(lesion: Lesion, claims: Claims) -> None:
    """Each prior is registered here and takes the parameters that the lesion gives it."""
    for kind, positional in POSITIONAL.items():
        prior = getattr(lesion, kind)
        function = prior_function(kind, prior)
        try:
            inspect.signature(function).bind(*positional, **prior.parameters)
        except TypeError as problem:
            raise ConformanceError(
                f"{kind} prior {prior.name!r} does not take what it is given: {problem}"
            ) from problem

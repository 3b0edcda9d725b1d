"""Lesions: what they are, where they lie, what they look like before denoising."""

from medsynth_aug.lesions import anywhere as _anywhere  # noqa: F401  registers its priors, as do the next
from medsynth_aug.lesions import builtin as _builtin
from medsynth_aug.lesions import effusion as _effusion  # noqa: F401
from medsynth_aug.lesions import fracture as _fracture  # noqa: F401
from medsynth_aug.lesions import opacity as _opacity  # noqa: F401
from medsynth_aug.lesions import pneumothorax as _pneumothorax  # noqa: F401
from medsynth_aug.lesions import round as _round  # noqa: F401
from medsynth_aug.lesions.catalogue import lesion_names, register_lesion, resolve_lesion
from medsynth_aug.lesions.lesion import Lesion, Prior
from medsynth_aug.lesions.priors import register_prior

__all__ = ["Lesion", "Prior", "lesion_names", "register_lesion", "register_prior", "resolve_lesion"]

for _lesion in _builtin.BUILT_IN:
    register_lesion(_lesion)

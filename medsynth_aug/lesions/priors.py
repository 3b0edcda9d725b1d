"""The registry of priors: pure functions of a scene and a generator, found by kind, name and version."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from medsynth_aug.errors import SettingError
from medsynth_aug.lesions.lesion import Prior

Kind = Literal["placement", "shape", "intensity"]
Function = TypeVar("Function", bound=Callable[..., Any])

_REGISTRY: dict[tuple[str, str, int], Callable[..., Any]] = {}


def register_prior(kind: Kind, name: str, *, version: int = 1) -> Callable[[Function], Function]:
    """Decorator that registers a prior; raise `version` whenever its pixels change.

    A placement prior takes `(scene, rng, **parameters)` and returns a `Site` or None (no place here). A shape
    prior takes `(scene, site, size_mm, rng, **parameters)` and returns a boolean mask `(H, W)`. An intensity
    prior takes `(scene, site, mask, rng, **parameters)` and returns the composited grey `(H, W)`.

    Raises:
        SettingError: If another function already has that kind, name and version.
    """

    def register(function: Function) -> Function:
        key = (kind, name, version)
        known = _REGISTRY.get(key)
        if known is not None and known.__qualname__ != function.__qualname__:
            raise SettingError(f"{kind} prior {name!r} version {version} is registered already")
        _REGISTRY[key] = function
        return function

    return register


def resolve_prior(kind: Kind, prior: Prior) -> Prior:
    """The prior with its version filled in.

    Raises:
        SettingError: If no such prior is registered in this process.
    """
    versions = sorted(v for (k, n, v) in _REGISTRY if (k, n) == (kind, prior.name))
    wanted = prior.version if prior.version is not None else (versions[-1] if versions else None)
    if wanted not in versions:
        known = sorted({n for (k, n, _) in _REGISTRY if k == kind})
        raise SettingError(
            f"{kind} prior {prior.name!r} version {prior.version} is not registered here; known: "
            f"{', '.join(known)}. Import the module that registers it before resolving the lesion"
        )
    return Prior(prior.name, wanted, dict(prior.parameters))


def prior_function(kind: Kind, prior: Prior) -> Callable[..., Any]:
    """The function behind a resolved prior.

    Raises:
        SettingError: If it is not registered in this process.
    """
    resolved = resolve_prior(kind, prior)
    assert resolved.version is not None
    return _REGISTRY[kind, resolved.name, resolved.version]

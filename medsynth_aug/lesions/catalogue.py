"""The lesions that can be painted by name: built in, and the user's own."""

from dataclasses import replace

from medsynth_aug.errors import SettingError, UnknownLesionError
from medsynth_aug.lesions.lesion import Lesion
from medsynth_aug.lesions.priors import resolve_prior

_LESIONS: dict[str, Lesion] = {}


def register_lesion(lesion: Lesion, *, replace_existing: bool = False) -> Lesion:
    """Add a lesion to the catalogue of this process; returns it.

    Raises:
        SettingError: If the name is taken and `replace_existing` is False.
    """
    if lesion.name in _LESIONS and not replace_existing and _LESIONS[lesion.name] != lesion:
        raise SettingError(f"lesion {lesion.name!r} is registered already; pass replace_existing=True")
    _LESIONS[lesion.name] = lesion
    return lesion


def lesion_names() -> tuple[str, ...]:
    """Names of all registered lesions, sorted."""
    return tuple(sorted(_LESIONS))


def resolve_lesion(lesion: str | Lesion) -> Lesion:
    """The lesion with the versions of its priors filled in: from here on it is data only.

    Raises:
        UnknownLesionError: If no lesion of that name is registered.
        SettingError: If one of its priors is not registered.
    """
    if isinstance(lesion, str):
        if lesion not in _LESIONS:
            raise UnknownLesionError(
                f"lesion {lesion!r} is not registered; known: {', '.join(lesion_names())}. "
                "Register your own with register_lesion(Lesion(...))"
            )
        lesion = _LESIONS[lesion]
    return replace(
        lesion,
        placement=resolve_prior("placement", lesion.placement),
        shape=resolve_prior("shape", lesion.shape),
        intensity=resolve_prior("intensity", lesion.intensity),
    )

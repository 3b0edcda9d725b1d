"""Which lesion an item gets: all alike, or by weights."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from medsynth_aug.data.items.labels import ClassKey
from medsynth_aug.errors import LabelError, SettingError
from medsynth_aug.lesions import Lesion, resolve_lesion
from medsynth_aug.synthesis import SynthesisRequest


@dataclass(frozen=True, slots=True)
class LesionChoice:
    """The lesions that can be painted, and how often each is.

    Args:
        lesions: Class or column of each lesion, to the resolved lesion.
        shares: How often each is painted, in the order of `lesions`; they sum to 1.
    """

    lesions: Mapping[ClassKey, Lesion]
    shares: tuple[float, ...]

    @classmethod
    def of(
        cls, lesions: Mapping[ClassKey, str | Lesion], weights: Mapping[ClassKey, float] | None
    ) -> "LesionChoice":
        """The choice between `lesions` by `weights`; a lesion without a weight has 1.

        Raises:
            UnknownLesionError: If no lesion of a name is registered.
            SettingError: If there is no lesion, or the weights leave nothing to choose.
            LabelError: If a weight belongs to no lesion.
        """
        if not isinstance(lesions, Mapping) or not lesions:
            raise SettingError(
                f"lesions is {lesions!r}; map classes to lesions: lesions={{3: 'pneumothorax'}}"
            )
        weights = dict(weights or {})
        unknown = [key for key in weights if key not in lesions]
        if unknown:
            raise LabelError(f"weights has {unknown[0]!r}, which is not in lesions: {list(lesions)}")
        values = np.array([float(weights.get(key, 1.0)) for key in lesions])
        if not np.isfinite(values).all() or (values < 0).any() or not values.sum() > 0:
            raise SettingError(
                f"weights is {weights}; weights are finite, at least 0, and one of them is above 0"
            )
        resolved = {key: resolve_lesion(lesion) for key, lesion in lesions.items()}
        return cls(resolved, tuple((values / values.sum()).tolist()))

    def pick(self, quantile: float) -> ClassKey:
        """The class or column at a quantile in [0, 1) of the shares."""
        index = int(np.searchsorted(np.cumsum(self.shares), quantile, side="right"))
        painted = np.flatnonzero(self.shares)
        return list(self.lesions)[min(index, int(painted[-1]))]

    def key_of(self, request: SynthesisRequest, drawn: ClassKey) -> ClassKey:
        """The class or column whose lesion a request asks for; a rejection may change all but its name.

        Args:
            request: What was asked.
            drawn: The class that chance chose; it decides between classes of one lesion.
        """
        exact = [key for key, lesion in self.lesions.items() if lesion == request.lesion]
        named = [key for key, lesion in self.lesions.items() if lesion.name == request.lesion_name]
        return drawn if drawn in exact else (exact or named)[0]

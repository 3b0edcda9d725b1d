"""Testing: what anyone's Synthesizer and anyone's lesion must keep, as checks for pytest or for one call."""

from medsynth_aug.testing.check import Check
from medsynth_aug.testing.lesions.suite import check_lesion, lesion_checks
from medsynth_aug.testing.synthesizers.suite import check_synthesizer, synthesizer_checks

__all__ = ["Check", "check_lesion", "check_synthesizer", "lesion_checks", "synthesizer_checks"]

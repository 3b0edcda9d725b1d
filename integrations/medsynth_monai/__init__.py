"""MONAI: the transform that paints rare lesions into normal radiographs, in any dictionary chain."""

from medsynth_monai.planning import ChainPlan, plan
from medsynth_monai.record import SynthesisRecord, read_record
from medsynth_monai.transform import RandSynthesizeLesiond

__all__ = ["ChainPlan", "RandSynthesizeLesiond", "SynthesisRecord", "plan", "read_record"]

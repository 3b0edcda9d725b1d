"""Synthesis: requests, samples, sources and the Synthesizer seam with its public fake."""

from medsynth_aug.synthesis.fake import FakeSynthesizer
from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.sample import Refusal, SyntheticSample
from medsynth_aug.synthesis.settings import SamplingSettings
from medsynth_aug.synthesis.source import SourceImage, real_source
from medsynth_aug.synthesis.synthesizer import DenoisingStep, Job, Synthesizer

__all__ = [
    "DenoisingStep", "FakeSynthesizer", "Job", "Refusal", "SamplingSettings", "SourceImage",
    "SynthesisRequest", "Synthesizer", "SyntheticSample", "real_source",
]  # fmt: skip

"""Evaluation: is it real, is the anatomy kept, is it private, does it leak?"""

from medsynth_aug.evaluation.audits.shams import paint_shams
from medsynth_aug.evaluation.extraction.extractors import FeatureExtractor, load_extractor
from medsynth_aug.evaluation.figures import Figure
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.evaluation.reading import Columns, is_bank, read_bank, read_images
from medsynth_aug.evaluation.report import EvaluationReport, Section, load_report, save_comparison
from medsynth_aug.evaluation.report import compare as compare_reports
from medsynth_aug.evaluation.report import save as save_report
from medsynth_aug.evaluation.run import default_cache, evaluate

__all__ = [
    "Columns", "EvaluationImage", "EvaluationReport", "FeatureExtractor", "Figure", "ImageSet", "Section",
    "compare_reports", "default_cache", "evaluate", "is_bank", "load_extractor", "load_report", "paint_shams",
    "read_bank", "read_images", "save_comparison", "save_report",
]  # fmt: skip

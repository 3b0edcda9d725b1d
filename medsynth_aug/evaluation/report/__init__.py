"""The reports of an evaluation: one JSON and one page each, and the comparison of two."""

from medsynth_aug.evaluation.report.comparison import ReportComparison, Run, SectionComparison, Unpaired
from medsynth_aug.evaluation.report.document import EvaluationReport, Inputs, Model, inputs_of
from medsynth_aug.evaluation.report.files import load_report, save, save_comparison
from medsynth_aug.evaluation.report.pairing import compare, paired_difference
from medsynth_aug.evaluation.report.section import FigureGroup, Gate, Section, Strip

__all__ = [
    "EvaluationReport",
    "FigureGroup",
    "Gate",
    "Inputs",
    "Model",
    "ReportComparison",
    "Run",
    "Section",
    "SectionComparison",
    "Strip",
    "Unpaired",
    "compare",
    "inputs_of",
    "load_report",
    "paired_difference",
    "save",
    "save_comparison",
]

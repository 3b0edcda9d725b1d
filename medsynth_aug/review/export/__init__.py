"""Export: the training split with the approved samples in it, as files that any training loop reads."""

from medsynth_aug.review.export.training_set import ExportReport, export_training_set

__all__ = ["ExportReport", "export_training_set"]

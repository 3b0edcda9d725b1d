"""The blinded reader study: can physicians tell synthetic images from real ones?"""

from medsynth_aug.review.study.answers import Answer
from medsynth_aug.review.study.creation import create_study
from medsynth_aug.review.study.documents import Design, Key, KeyItem
from medsynth_aug.review.study.leaks import FileLeak, audit_files
from medsynth_aug.review.study.page import save_study_report
from medsynth_aug.review.study.report import StudyAnswer, StudyReport, report_study
from medsynth_aug.review.study.settings import StudySettings
from medsynth_aug.review.study.study import Item, Study
from medsynth_aug.review.study.verdict import Look, StudyVerdict

__all__ = [
    "Answer", "Design", "FileLeak", "Item", "Key", "KeyItem", "Look", "Study", "StudyAnswer", "StudyReport",
    "StudySettings", "StudyVerdict", "audit_files", "create_study", "report_study", "save_study_report",
]  # fmt: skip

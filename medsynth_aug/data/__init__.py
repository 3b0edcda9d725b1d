"""Data: readers, splits, the rebalancing plan and the data set that carries it out."""

from medsynth_aug.data.class_counts import ClassCount
from medsynth_aug.data.confounders import age_band
from medsynth_aug.data.cost import PlanCost
from medsynth_aug.data.decode import decode_image
from medsynth_aug.data.folder import FolderDataset
from medsynth_aug.data.groups import EACH_IMAGE
from medsynth_aug.data.hugging_face import HuggingFaceDataset
from medsynth_aug.data.item import ItemAdapter, infer_item
from medsynth_aug.data.match_report import MatchedStratum, MatchReport
from medsynth_aug.data.plan import Plan
from medsynth_aug.data.planned import PlannedItem, PlannedSample
from medsynth_aug.data.planned_samples import PlannedRequests, PlannedSamples
from medsynth_aug.data.planning import plan_rebalancing
from medsynth_aug.data.rebalanced import RebalancedDataset
from medsynth_aug.data.splits import Split, check_splits
from medsynth_aug.data.strategy import Quota
from medsynth_aug.data.table import CsvDataset

__all__ = [
    "EACH_IMAGE", "ClassCount", "CsvDataset", "FolderDataset", "HuggingFaceDataset", "ItemAdapter",
    "MatchReport", "MatchedStratum", "Plan", "PlanCost", "PlannedItem", "PlannedRequests",
    "PlannedSample", "PlannedSamples", "Quota", "RebalancedDataset", "Split", "age_band", "check_splits",
    "decode_image", "infer_item", "plan_rebalancing",
]  # fmt: skip

"""Data: readers, splits, the rebalancing plan and the data set that carries it out."""

from medsynth_aug.data.items.item import ItemAdapter, infer_item
from medsynth_aug.data.planning.class_counts import ClassCount
from medsynth_aug.data.planning.confounders import age_band
from medsynth_aug.data.planning.cost import PlanCost
from medsynth_aug.data.planning.making import plan_rebalancing
from medsynth_aug.data.planning.match_report import MatchedStratum, MatchReport
from medsynth_aug.data.planning.plan import Plan
from medsynth_aug.data.planning.planned import PlannedItem, PlannedSample
from medsynth_aug.data.planning.planned_samples import PlannedRequests, PlannedSamples
from medsynth_aug.data.planning.strategy import Quota
from medsynth_aug.data.readers.decode import decode_image
from medsynth_aug.data.readers.folder import FolderDataset
from medsynth_aug.data.readers.hugging_face import HuggingFaceDataset
from medsynth_aug.data.readers.table import CsvDataset
from medsynth_aug.data.rebalanced import RebalancedDataset
from medsynth_aug.data.splits.groups import EACH_IMAGE
from medsynth_aug.data.splits.splits import Split, check_splits

__all__ = [
    "EACH_IMAGE", "ClassCount", "CsvDataset", "FolderDataset", "HuggingFaceDataset", "ItemAdapter",
    "MatchReport", "MatchedStratum", "Plan", "PlanCost", "PlannedItem", "PlannedRequests",
    "PlannedSample", "PlannedSamples", "Quota", "RebalancedDataset", "Split", "age_band", "check_splits",
    "decode_image", "infer_item", "plan_rebalancing",
]  # fmt: skip

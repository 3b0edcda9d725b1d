"""Shows a benchmark as tables and writes it as JSON."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table

from medsynth_aug.errors import SettingError


def as_table(report: Mapping[str, Any]) -> Group:
    """For each lesion the contenders, then ours against stock, each as median (min to max)."""
    return Group(*(table for lesion in report["lesions"] for table in (_runs(lesion), _ratios(lesion))))


def write_report(report: Mapping[str, Any], target: Path) -> None:
    """Write the report as JSON: whole, or not at all.

    Raises:
        SettingError: If the file cannot be written.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        partial.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n")
        partial.replace(target)
    except OSError as problem:
        raise SettingError(f"{target} cannot be written: {problem}; give --out another place") from problem


def _runs(lesion: Mapping[str, Any]) -> Table:
    table = Table(
        "contender", "steps", "CFG", "batch", "dtype", "images/s", "peak, MiB",
        title=f"{lesion['name']}: {lesion['lesion']}, {lesion['extent_mm']:g} mm", title_justify="left",
    )  # fmt: skip
    for run in lesion["runs"]:
        guidance = f"{run['guidance_scale']:g}" if run["guidance_scale"] > 1 else "off"
        peak = f"{run['peak_memory_bytes']['median'] / 2**20:.0f}"
        table.add_row(
            run["name"], str(run["steps"]), guidance, str(run["batch_size"]), run["dtype"],
            _shown(run["images_per_second"]), peak,
        )  # fmt: skip
    return table


def _ratios(lesion: Mapping[str, Any]) -> Table:
    rounds = lesion["ratios"][0]["n"]
    table = Table("ours", "stock", "times as fast", caption=f"median (min to max) of n = {rounds} rounds")
    for ratio in lesion["ratios"]:
        table.add_row(ratio["ours"], ratio["stock"], _shown(ratio))
    return table


def _shown(spread: Mapping[str, float]) -> str:
    return f"{spread['median']:.3g} ({spread['min']:.3g} to {spread['max']:.3g})"

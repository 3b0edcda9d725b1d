"""What the client process is asked to do: publish, and load as users do."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from medsynth_aug.corpus import Gate
from medsynth_huggingface import Corpus, PublishReport, PublishSettings
from tests.huggingface.material import OpenGate


@contextmanager
def token_set_to(token: str) -> Iterator[None]:
    before = os.environ["HF_TOKEN"]
    os.environ["HF_TOKEN"] = token
    try:
        yield
    finally:
        os.environ["HF_TOKEN"] = before


def push(
    corpus: Corpus,
    repo_id: str,
    refusing: dict[str, str] | None = None,
    token: str | None = None,
    gate: Gate | None = None,
    dry_run: Path | None = None,
    **settings: Any,
) -> PublishReport:
    """Publish, with the waits between the client's own retries left out."""
    from medsynth_huggingface import push_virtual_patients

    with (
        mock.patch("huggingface_hub.utils._http.time.sleep"),
        token_set_to(os.environ["HF_TOKEN"] if token is None else token),
    ):
        return push_virtual_patients(
            corpus, repo_id, gate=gate or OpenGate(refusing or {}), settings=PublishSettings(**settings),
            dry_run=dry_run,
        )  # fmt: skip


def push_logged(corpus: Corpus, repo_id: str) -> str:
    """Publish with every log message written down; returns them, and what the objects show of themselves."""
    from huggingface_hub import logging as hub_logging

    records: list[str] = []
    handler = logging.Handler(logging.DEBUG)
    handler.emit = lambda record: records.append(record.getMessage())  # type: ignore[method-assign]
    hub_logging.set_verbosity_debug()
    for name in ("", "huggingface_hub", "httpx2", "datasets"):
        logging.getLogger(name).addHandler(handler)
    logging.getLogger().setLevel(logging.DEBUG)
    report = push(corpus, repo_id)
    return "\n".join([*records, repr(report), repr(PublishSettings())])


def push_starter(repo_id: str, **given: Any) -> PublishReport:
    from medsynth_huggingface import push_starter as publish

    with mock.patch("huggingface_hub.utils._http.time.sleep"):
        return publish(repo_id, **given)


def load(repo_id: str, *arguments: Any, **given: Any) -> dict[str, list[dict[str, Any]]]:
    """Every split of a data set as plain rows: pictures as arrays, classes as numbers."""
    from datasets import load_dataset

    return {
        split: [plain(row) for row in rows]
        for split, rows in load_dataset(repo_id, *arguments, **given).items()
    }


def features(repo_id: str, config: str) -> Any:
    from datasets import load_dataset_builder

    return load_dataset_builder(repo_id, config).info.features


def plain(value: Any) -> Any:
    """The value with pictures as arrays, at any depth."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return np.array(value) if hasattr(value, "getbands") else value


def torch_rows(repo_id: str) -> list[Any]:
    """Images of the training split as torch gives them."""
    from datasets import load_dataset

    held = load_dataset(repo_id, split="train").select_columns(["image", "label"]).with_format("torch")
    return [(row["image"].numpy(), int(row["label"])) for row in held]


def as_image_folder(repo_id: str, folder: Path) -> dict[str, list[Any]]:
    """Write a data set as folders by class and read it with `imagefolder`."""
    import csv

    from datasets import load_dataset

    for split, rows in load_dataset(repo_id).items():
        (folder / split).mkdir(parents=True)
        with (folder / split / "metadata.csv").open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["file_name", "label", "patient_id"])
            for row in rows:
                name = f"{row['image_id']}.png"
                row["image"].save(folder / split / name)
                table.writerow([name, row["label"], row["patient_id"]])
    found = load_dataset("imagefolder", data_dir=str(folder))
    return {split: [plain(row) for row in rows] for split, rows in found.items()}


def monai_batches(repo_id: str) -> list[tuple[Any, Any, Any]]:
    """Image, mask and label of the training split through a MONAI chain and loader."""
    from datasets import load_dataset
    from monai.data import DataLoader, Dataset
    from monai.transforms import (
        Compose,
        EnsureChannelFirstd,
        Lambdad,
        RandFlipd,
        ScaleIntensityRanged,
    )

    rows = load_dataset(repo_id, "masks", split="train").select_columns(["image", "masks", "label"])
    union = Lambdad("masks", lambda masks: np.any([np.array(one) > 0 for one in masks], axis=0) * np.uint8(1))
    chain = Compose([
        Lambdad("image", np.array), union, EnsureChannelFirstd(["image", "masks"], channel_dim="no_channel"),
        ScaleIntensityRanged("image", 0, 255, 0, 1), RandFlipd(["image", "masks"], prob=0.0),
    ])  # fmt: skip
    loader = DataLoader(Dataset([row for row in rows if row["masks"]], chain), batch_size=1)
    return [(one["image"].numpy(), one["masks"].numpy(), one["label"].tolist()) for one in loader]


def train_example(script: Path, repo_id: str) -> str:
    """Run the training example on a published data set; what it said."""
    import contextlib
    import io
    import runpy
    import sys

    said = io.StringIO()
    arguments = [str(script), "--data", repo_id, "--revision", "v1", "--epochs", "1"]
    with mock.patch.object(sys, "argv", arguments), contextlib.redirect_stdout(said):
        runpy.run_path(str(script), run_name="__main__")
    return said.getvalue()


def command(*arguments: str, token: str | None = None) -> tuple[int, str]:
    """Run `medsynth`; its exit code and everything that it said."""
    import contextlib
    import io

    from medsynth_aug.cli import main

    said, code = io.StringIO(), 0
    with (
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        mock.patch("huggingface_hub.utils._http.time.sleep"),
        token_set_to(os.environ["HF_TOKEN"] if token is None else token),
    ):
        try:
            main(list(arguments))
        except SystemExit as ended:
            code = int(ended.code or 0)
    return code, said.getvalue()

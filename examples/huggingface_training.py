"""Fine-tunes a transformers image classifier on virtual patients, as published on the Hugging Face Hub.

    python examples/huggingface_training.py --data my-lab/virtual-patients      # a published set
    python examples/huggingface_training.py                                     # offline, seconds

Without `--data`, a few phantoms are made and written as a dry run of `publish` would write them;
`load_dataset` reads that folder as it reads the Hub. The network is tiny and untrained, so that nothing
is downloaded: a few steps on phantoms show that the parts fit together and say nothing about accuracy.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from datasets import ClassLabel, DatasetDict, load_dataset
from transformers import Trainer, TrainingArguments, ViTConfig, ViTForImageClassification

SIDE_PX = 64


def make_phantoms(folder: Path) -> str:
    """Write a small corpus that no weights are needed for; returns where it is."""
    from medsynth_aug import FakeSynthesizer, SampleBank
    from medsynth_aug.corpus import PatientSettings, Population, make_patients
    from medsynth_huggingface import PublishSettings, SplitShares, push_virtual_patients
    from medsynth_huggingface.from_bank import corpus_of

    bank = SampleBank(folder / "bank")
    settings = PatientSettings(side_px=96, least_lung_dice=0.0)
    make_patients(bank, FakeSynthesizer(), Population(), 12, settings=settings, progress=False)
    written = folder / "virtual-patients"
    shares = PublishSettings(shares=SplitShares(train=0.7, validation=0.3))
    push_virtual_patients(
        corpus_of(bank), "local/virtual-patients", gate=Phantoms(), settings=shares, dry_run=written
    )
    return str(written)


class Phantoms:
    """Lets phantoms into a folder; what is published passes `medsynth_aug.corpus.PublishGate`."""

    def check(self, digests):
        self.passed, self.refused = tuple(digests), ()
        return self


def as_tensors(rows: dict) -> dict:
    """Grey images as `(1, SIDE_PX, SIDE_PX)` in [-1, 1], with their class."""
    small = [np.asarray(image.resize((SIDE_PX, SIDE_PX)), np.float32) for image in rows["image"]]
    pixels = torch.from_numpy(np.stack(small))[:, None] / 127.5 - 1
    return {"pixel_values": list(pixels), "labels": rows["label"]}


def tiny_network(classes: ClassLabel) -> ViTForImageClassification:
    names = dict(enumerate(classes.names))
    return ViTForImageClassification(ViTConfig(
        image_size=SIDE_PX, patch_size=16, num_channels=1, hidden_size=32, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=64, id2label=names,
        label2id={name: number for number, name in names.items()},
    ))  # fmt: skip


def train(patients: DatasetDict, folder: Path, epochs: int) -> None:
    classes = patients["train"].features["label"]
    held_out = next((patients[split] for split in ("validation", "test") if split in patients), None)
    arguments = TrainingArguments(
        str(folder), num_train_epochs=epochs, per_device_train_batch_size=4, learning_rate=1e-3, seed=0,
        report_to="none", save_strategy="no", logging_strategy="no", remove_unused_columns=False,
        disable_tqdm=True, dataloader_pin_memory=torch.cuda.is_available(),
    )  # fmt: skip
    trainer = Trainer(
        tiny_network(classes), arguments, train_dataset=patients["train"].with_transform(as_tensors)
    )
    done = trainer.train()
    print(f"loss {done.training_loss:.3f} over {done.global_step} steps")
    if held_out is not None:
        guessed = trainer.predict(held_out.with_transform(as_tensors)).predictions.argmax(1)
        right = int((guessed == np.array(held_out["label"])).sum())
        print(f"{right} of {len(held_out)} images of other patients right")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="ORGANISATION/NAME on the Hub; phantoms are made if absent")
    parser.add_argument("--revision", help='tag of the revision, such as "v1"')
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = options.data or make_phantoms(Path(folder))
        patients = load_dataset(data, revision=options.revision) if options.data else load_dataset(
            data, cache_dir=f"{folder}/cache"
        )  # fmt: skip
        print(
            {split: len(rows) for split, rows in patients.items()},
            "classes",
            patients["train"].features["label"].names,
        )
        train(patients, Path(folder) / "training", options.epochs)


if __name__ == "__main__":
    main()

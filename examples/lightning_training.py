"""A Lightning loop in which every epoch shows other painted lesions: `RebalancedDataset` on the fly.

Lightning tells the followed sampler of each epoch, and the sampler tells the data set; on several devices it
deals the sampler's order out, for which its generator must be seeded alike.

    pip install lightning
    python examples/lightning_training.py                        # no weights: the lesion priors alone
    python examples/lightning_training.py --checkpoint starter   # the diffusion model that ships

A few steps on a few images show that the parts fit together; they say nothing about accuracy.
"""

import torch
from lightning import LightningModule, Trainer
from radiographs import arguments, for_network, load_synthesizer, small_network, training_split
from torch.utils.data import DataLoader, RandomSampler

from medsynth_aug import RebalancedDataset


class Classifier(LightningModule):
    """A small network and its loss."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.network = small_network(classes)

    def training_step(self, batch, batch_index):
        images, labels = batch
        loss = torch.nn.functional.cross_entropy(self.network(images), labels)
        self.log("loss", loss, on_epoch=True, batch_size=len(images))
        return loss

    def on_train_epoch_end(self) -> None:
        self.print(f"epoch {self.current_epoch}: loss {self.trainer.callback_metrics['loss_epoch']:.3f}")

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 1e-3)


def main() -> None:
    options = arguments(__doc__).parse_args()
    train = training_split(options.data)

    data = RebalancedDataset(
        train,
        load_synthesizer(options.checkpoint),
        lesions={"pneumothorax": "pneumothorax", "nodule": "nodule"},
        background=["normal"],
        sampling_strategy={"pneumothorax": 8, "nodule": 8},
        mode="on_the_fly",
        bank=options.bank,
        transform=for_network,
        seed=0,
    )
    sampler = data.follow(RandomSampler(data, generator=torch.Generator().manual_seed(0)))
    loader = DataLoader(data, batch_size=6, sampler=sampler, num_workers=2, persistent_workers=True)

    trainer = Trainer(max_epochs=options.epochs, logger=False, enable_checkpointing=False)
    trainer.fit(Classifier(len(train.class_to_idx)), loader)
    print(data.production)


if __name__ == "__main__":
    main()

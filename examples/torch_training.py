"""A plain PyTorch loop in which every epoch shows other painted lesions: `RebalancedDataset` on the fly.

All but `RebalancedDataset` and `data.follow` is the loop that you have. A process of its own paints; the two
workers only read.

    python examples/torch_training.py                        # no weights: the lesion priors alone, seconds
    python examples/torch_training.py --checkpoint starter   # the diffusion model that ships

A few steps on a few images show that the parts fit together; they say nothing about accuracy.
"""

import torch
from radiographs import arguments, for_network, load_synthesizer, small_network, training_split
from torch.utils.data import DataLoader, RandomSampler

from medsynth_aug import RebalancedDataset


def main() -> None:
    options = arguments(__doc__).parse_args()
    torch.manual_seed(0)
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
    sampler = data.follow(RandomSampler(data))
    loader = DataLoader(data, batch_size=6, sampler=sampler, num_workers=2, persistent_workers=True)

    network = small_network(len(train.class_to_idx))
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    for epoch in range(options.epochs):
        sampler.set_epoch(epoch)
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch}: loss {total / len(loader):.3f}")
    print(data.production)


if __name__ == "__main__":
    main()

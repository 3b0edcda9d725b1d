"""An Accelerate loop in which every epoch shows other painted lesions: `RebalancedDataset` on the fly.

Every process opens the same bank; one process a device paints for all of them. Accelerate keeps the followed
sampler's order alike in all processes, deals it out, and tells the sampler of each epoch.

    accelerate launch examples/accelerate_training.py --checkpoint starter            # on your GPUs
    torchrun --standalone --nproc_per_node 2 examples/accelerate_training.py --cpu    # two processes, no GPU

A few steps on a few images show that the parts fit together; they say nothing about accuracy.
"""

import torch
from accelerate import Accelerator
from radiographs import arguments, for_network, load_synthesizer, small_network, training_split
from torch.utils.data import DataLoader, RandomSampler

from medsynth_aug import RebalancedDataset


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--cpu", action="store_true", help="stay on the CPU")
    options = parser.parse_args()
    accelerator = Accelerator(cpu=options.cpu)
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
        progress=accelerator.is_main_process,
    )
    loader = DataLoader(data, batch_size=6, sampler=data.follow(RandomSampler(data)), num_workers=2)

    network = small_network(len(train.class_to_idx))
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    network, optimizer, loader = accelerator.prepare(network, optimizer, loader)
    for epoch in range(options.epochs):
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(images), labels)
            accelerator.backward(loss)
            optimizer.step()
            total += accelerator.reduce(loss.detach(), "mean").item()
        accelerator.print(f"epoch {epoch}: loss {total / len(loader):.3f}")
    print(f"rank {accelerator.process_index} of {accelerator.num_processes}: {data.production}", flush=True)
    accelerator.end_training()


if __name__ == "__main__":
    main()

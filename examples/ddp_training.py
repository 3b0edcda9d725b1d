"""DistributedDataParallel, and every epoch shows other painted lesions: `RebalancedDataset` on the fly.

Every rank opens the same bank; one process a device paints for all of them, and each rank reads its share.

    torchrun --standalone --nproc_per_node 2 examples/ddp_training.py
    torchrun --standalone --nproc_per_node 2 examples/ddp_training.py --checkpoint starter

A few steps on a few images show that the parts fit together; they say nothing about accuracy.
"""

import torch
from radiographs import arguments, for_network, load_synthesizer, small_network, training_split
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler

from medsynth_aug import RebalancedDataset


def main() -> None:
    options = arguments(__doc__).parse_args()
    join()
    rank, count = distributed.get_rank(), distributed.get_world_size()
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
        progress=rank == 0,
    )
    sampler = data.follow(DistributedSampler(data))
    loader = DataLoader(data, batch_size=6, sampler=sampler, num_workers=2, persistent_workers=True)

    network = DistributedDataParallel(small_network(len(train.class_to_idx)))
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    for epoch in range(options.epochs):
        sampler.set_epoch(epoch)
        total = torch.zeros(())
        for images, labels in loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        distributed.all_reduce(total)
        if rank == 0:
            print(f"epoch {epoch}: loss {total.item() / len(loader) / count:.3f}")
    print(f"rank {rank} of {count}: {data.production}", flush=True)
    distributed.barrier()
    distributed.destroy_process_group()


def join() -> None:
    """Join the ranks that torchrun started; without it this process is the only one."""
    if distributed.is_torchelastic_launched():
        distributed.init_process_group("gloo")
    else:
        distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)


if __name__ == "__main__":
    main()

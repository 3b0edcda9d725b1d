"""`medsynth generate`: make the samples of a saved plan, on one device or over many ranks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medsynth_aug.cli.engine import open_synthesizer
from medsynth_aug.cli.places import MayLeave, Pixels, Records, open_bank

if TYPE_CHECKING:
    from medsynth_aug.bank.ranks import Rank
    from medsynth_aug.synthesis import Synthesizer


def generate(
    plan: Annotated[Path, typer.Argument(help="The plan, as medsynth plan --save wrote it.")],
    bank: Annotated[Path, typer.Option(help="Folder of the bank, the one of medsynth plan --bank.")],
    checkpoint: Annotated[
        str, typer.Option(help='"starter", a diffusers folder or a Hub id; "none" paints priors alone.')
    ] = "starter",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
    batch_size: Annotated[int, typer.Option(help="Samples that are made at once.")] = 8,
    attempts: Annotated[int, typer.Option(help="Draws for a place before it stays empty.")] = 3,
    records: Records = None,
    pixels: Pixels = None,
    real_data_may_leave: MayLeave = False,
) -> None:
    """Make the samples of a plan that the bank does not hold yet; a second run goes on where one stopped.

    The pixels of the backgrounds come from the bank's own copies, so the data set is not needed here. On
    another machine than the planner's, name the --records and --pixels that the plan was made with.

    Several processes share the work when they are launched together, one a GPU, on any number of machines:

        accelerate launch --multi_gpu -m medsynth_aug.bank.generate plan.jsonl --bank bank/

    Example: [bold]medsynth plan labels.csv … --save plan.jsonl --bank bank/[/bold], then
    [bold]medsynth generate plan.jsonl --bank bank/[/bold]
    """
    from medsynth_aug.bank import SourceStore
    from medsynth_aug.bank import generate as make
    from medsynth_aug.bank.ranks import Rank, share_of
    from medsynth_aug.data import Plan

    wanted, rank = Plan.load(plan), Rank.from_environment()
    engine = _open(checkpoint, device, rank)
    if engine.fingerprint != wanted.engine:
        typer.echo(f"planned for engine {wanted.engine[:12]}, made by {engine.fingerprint[:12]}", err=True)
        wanted = wanted.for_engine(engine.fingerprint)
    store = open_bank(bank, records, pixels, may_leave=real_data_may_leave)
    share = share_of(rank, wanted.requests, store, max_attempts=attempts)
    who = f"rank {rank.number} of {rank.count}: " if rank.count > 1 else ""
    typer.echo(f"{who}{len(share)} of {len(wanted.requests)} samples to make", err=True)
    report = make(
        share, engine, store, SourceStore(store),
        batch_size=batch_size, max_attempts=attempts, progress=rank.number == 0,
    )  # fmt: skip
    typer.echo(f"{who}{report.made} made, {len(report.refused)} refused in {report.seconds:.1f} s")


def _open(checkpoint: str, device: str, rank: "Rank") -> "Synthesizer":
    import torch

    if rank.count > 1 and device in ("auto", "cuda") and torch.cuda.is_available():
        device = f"cuda:{rank.local}"
    return open_synthesizer(checkpoint, device)

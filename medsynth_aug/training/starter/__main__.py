"""The command line of the recipe: `python -m medsynth_aug.training.starter --help`."""

from pathlib import Path
from typing import Annotated, cast

import typer

from medsynth_aug.training.starter.images.anatomy import AnatomyKind
from medsynth_aug.training.starter.images.prompts import MODALITY
from medsynth_aug.training.starter.recipe import run
from medsynth_aug.training.starter.settings import SHARES, Recipe

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def main(
    data: Annotated[Path, typer.Option(help="Folder with labels.csv and the images that it names.")],
    out: Annotated[Path, typer.Option(help="Where the checkpoint and the training state go.")],
    modality: Annotated[
        str, typer.Option(help="What the images are, in the words that every prompt begins with.")
    ] = MODALITY,
    anatomy: Annotated[
        str,
        typer.Option(
            help="lungs: human-drawn or segmented lung fields; masks: what the column `mask` names; none."
        ),
    ] = "lungs",
    budget_minutes: Annotated[float, typer.Option(help="Wall-clock minutes of training in all.")] = 120,
    pool: Annotated[str, typer.Option(help="Value of the `pool` column to use; '' takes all.")] = "starter",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    start_from: Annotated[
        str,
        typer.Option(
            help="'starter', folder or Hub id of a checkpoint of this recipe: its autoencoder and segmenter "
            "are kept, its denoiser is trained on. '' starts from nothing."
        ),
    ] = "",
    stages: Annotated[
        str,
        typer.Option(
            help=f"Comma-separated, of {', '.join(SHARES)}. '' takes all from nothing, else the denoiser."
        ),
    ] = "",
    batch_size: Annotated[int, typer.Option(help="Scenes a step; 0 takes 16 on a CPU, 256 on a GPU.")] = 0,
    passes: Annotated[int, typer.Option(help="Passes over encoded scenes; 0 takes 3.")] = 0,
    limit: Annotated[int | None, typer.Option(help="Use only the first images, for a smoke run.")] = None,
    max_steps: Annotated[int | None, typer.Option(help="Stop each stage after this many steps.")] = None,
    learning_rate: Annotated[float, typer.Option(help="Peak rate of the denoiser.")] = 6e-4,
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 0,
) -> None:
    """Train a starter checkpoint from a folder of images with a labels.csv.

    Stages in order: lung segmenter, autoencoder, denoiser (text encoder, UNet and ControlNet together), its
    distillation for few steps, and the decoder once more, for sharper texture. Killed runs continue: give the
    same --out again. A run with a larger --budget-minutes trains on. Several ranks: put
    accelerate launch -m in place of python -m on GPUs, torchrun --standalone --nproc_per_node 2 -m on a CPU.

    Example: python -m medsynth_aug.training.starter --data cxr --out starter --budget-minutes 120
    """
    run(
        Recipe(
            data=data, out=out, modality=modality, anatomy=cast(AnatomyKind, anatomy),
            budget_minutes=budget_minutes, pool=pool or None, device=device,
            start_from=start_from or None, stages=tuple(stages.split(",")) if stages else None,
            batch_size=batch_size or None, passes=passes or None, limit=limit, max_steps=max_steps,
            learning_rate=learning_rate, seed=seed,
        )
    )  # fmt: skip


if __name__ == "__main__":
    app()

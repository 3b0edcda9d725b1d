"""The command line of the recipe: `python -m medsynth_aug.training.starter --help`."""

from pathlib import Path
from typing import Annotated

import typer

from medsynth_aug.training.starter.recipe import Recipe, run

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def main(
    data: Annotated[Path, typer.Option(help="Folder with labels.csv and the images that it names.")],
    out: Annotated[Path, typer.Option(help="Where the checkpoint and the training state go.")],
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
    batch_size: Annotated[int, typer.Option(help="Scenes a step; 0 takes 16 on a CPU, 512 on a GPU.")] = 0,
    passes: Annotated[int, typer.Option(help="Passes over encoded scenes; 0 takes 3.")] = 0,
    limit: Annotated[int | None, typer.Option(help="Use only the first images, for a smoke run.")] = None,
    max_steps: Annotated[int | None, typer.Option(help="Stop each stage after this many steps.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 0,
) -> None:
    """Train the starter: lung segmenter, autoencoder, then text encoder, UNet and ControlNet together.

    Killed runs continue: give the same --out again. A run with a larger --budget-minutes trains on.

    Example: python -m medsynth_aug.training.starter --data cxr --out starter --budget-minutes 120
    """
    run(
        Recipe(
            data=data, out=out, budget_minutes=budget_minutes, pool=pool or None, device=device,
            start_from=start_from or None,
            batch_size=batch_size or None, passes=passes or None, limit=limit, max_steps=max_steps, seed=seed,
        )
    )  # fmt: skip


if __name__ == "__main__":
    app()

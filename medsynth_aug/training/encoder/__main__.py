"""The command line of the recipe: `python -m medsynth_aug.training.encoder --help`."""

from pathlib import Path
from typing import Annotated

import typer

from medsynth_aug.training.encoder.recipe import EncoderRecipe, run

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def main(
    data: Annotated[Path, typer.Option(help="Folder with labels.csv and the images that it names.")],
    out: Annotated[Path, typer.Option(help="Where model.safetensors and the training state go.")],
    budget_minutes: Annotated[float, typer.Option(help="Wall-clock minutes of training in all.")] = 30,
    pool: Annotated[str, typer.Option(help="Value of the `pool` column to use; '' takes all.")] = "starter",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    batch_size: Annotated[int, typer.Option(help="Films a step.")] = 48,
    limit: Annotated[int | None, typer.Option(help="Use only the first images, for a smoke run.")] = None,
    max_steps: Annotated[int | None, typer.Option(help="Stop after this many steps.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 0,
) -> None:
    """Train the encoder that judges synthetic images. Killed runs continue: give the same --out again.

    Example: python -m medsynth_aug.training.encoder --data cxr --out encoder --budget-minutes 30
    """
    run(
        EncoderRecipe(
            data=data, out=out, budget_minutes=budget_minutes, pool=pool or None, device=device,
            batch_size=batch_size, limit=limit, max_steps=max_steps, seed=seed,
        )
    )  # fmt: skip


if __name__ == "__main__":
    app()

"""The command line of the recipe: `python -m medsynth_aug.training.shape_model --help`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from medsynth_aug.training.shape_model.outlines import INSPECTED
from medsynth_aug.training.shape_model.recipe import ShapeRecipe, run

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def main(
    data: Annotated[Path, typer.Option(help="Folder with labels.csv and the files that it names.")],
    out: Annotated[Path, typer.Option(help="Folder for the model, the report and the sheets.")],
    pool: Annotated[str, typer.Option(help="Value of the `pool` column to use; '' takes all.")] = "starter",
    inspected: Annotated[
        Path, typer.Option(help="Adults' films whose segmented lung fields were looked at, one a line.")
    ] = INSPECTED,
    draws: Annotated[int, typer.Option(help="Draws that are compared with real outlines.")] = 500,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
) -> None:
    """Fit the shape model of lung fields and say how near its draws come to the real ones.

    Example: python -m medsynth_aug.training.shape_model --data cxr --out shapes
    """
    report = run(
        ShapeRecipe(data=data, out=out, pool=pool or None, inspected=inspected, draws=draws, seed=seed)
    )
    typer.echo(json.dumps(report, indent=2))


if __name__ == "__main__":
    app()

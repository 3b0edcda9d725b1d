"""`medsynth lesions`: what can be painted."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table


def lesions(
    name: Annotated[
        str | None, typer.Argument(help="Show one lesion in full, for example pneumothorax.")
    ] = None,
) -> None:
    """Show the catalogue of lesions: sizes, priors, prompts.

    Sizes are in millimetres. A schematic lesion is drawn by its shape prior alone: no real case taught it.

    Example: [bold]medsynth lesions nodule[/bold]
    """
    from rich.console import Console

    if name is None:
        Console().print(_catalogue())
    else:
        Console().print_json(data=_definition(name))


def _definition(name: str) -> dict[str, object]:
    from medsynth_aug.lesions import resolve_lesion

    return resolve_lesion(name).to_json()


def _catalogue() -> "Table":
    from rich.table import Column, Table

    from medsynth_aug.lesions import lesion_names, resolve_lesion

    table = Table(
        Column("lesion", no_wrap=True, min_width=max(map(len, lesion_names()))),
        *(Column(head, overflow="fold") for head in ("size, mm", "place", "shape", "intensity", "remarks")),
        title="Lesions",
        title_justify="left",
    )
    for lesion in map(resolve_lesion, lesion_names()):
        remarks = ", ".join(word for word in ("diffuse", "schematic") if getattr(lesion, word))
        low, high = lesion.size_mm
        priors = (prior.name for prior in (lesion.placement, lesion.shape, lesion.intensity))
        table.add_row(lesion.name, f"{low:g} to {high:g}", *priors, remarks)
    return table

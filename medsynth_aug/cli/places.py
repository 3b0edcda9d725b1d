"""Where a bank lies, as options of commands that several machines run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from medsynth_aug.bank import SampleBank

PANEL = "Where the bank lies"

Records = Annotated[
    str | None,
    typer.Option(help="URL of a PostgreSQL database, for several machines.", rich_help_panel=PANEL),
]
Pixels = Annotated[
    str | None, typer.Option(help="fsspec URL of the pixels, such as s3://…", rich_help_panel=PANEL)
]
MayLeave = Annotated[
    bool,
    typer.Option(
        "--real-data-may-leave",
        help="Consent that --records and --pixels, which derive from real patients, lie elsewhere.",
        rich_help_panel=PANEL,
    ),
]


def open_bank(folder: Path, records: str | None, pixels: str | None, *, may_leave: bool) -> "SampleBank":
    """The bank of a folder, with the places that the options name.

    Raises:
        BankError: If it lies at another place, or real data would leave without consent.
    """
    from medsynth_aug.bank import SampleBank

    return SampleBank(
        folder, records=records, pixels=pixels,
        real_records_may_leave=may_leave, real_pixels_may_leave=may_leave,
    )  # fmt: skip

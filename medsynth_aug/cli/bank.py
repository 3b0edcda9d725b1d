"""`medsynth bank`: look at a bank, check it, take samples out of it, hand it on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medsynth_aug.errors import BankError, SettingError

if TYPE_CHECKING:
    from medsynth_aug.bank import Pruned, SampleBank

Folder = Annotated[Path, typer.Argument(help="Folder of the bank.")]
Records = Annotated[
    str | None, typer.Option(help="Database of its records; needed only for a password. Better: PGPASSWORD.")
]


def bank(context: typer.Context) -> None:
    """Look at a bank of samples, check it, prune it, export it.

    Example: [bold]medsynth bank info bank/[/bold]
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def info(path: Folder, records: Records = None) -> None:
    """Show what a bank holds and where it lies.

    Example: [bold]medsynth bank info bank/[/bold]
    """
    told = _opened(path, records).info()
    for (lesion, purpose), count in told.samples.items():
        typer.echo(f"{count:>9}  {lesion}, {purpose}")
    total = sum(told.samples.values())
    typer.echo(f"{total:>9}  samples in all, {told.virtual} without a real pixel, {_bytes(told.size)}")
    typer.echo(f"{told.refusals:>9}  refusals")
    typer.echo(f"{told.wanted:>9}  requests in the queue")
    typer.echo(f"records: {told.records}\npixels: {told.pixels}")
    for consent, place in told.consents:
        typer.echo(f"consent: {consent} to {place}")


def verify(path: Folder, records: Records = None) -> None:
    """Read everything and name each file that is damaged, missing or stray; exit code 1 if there is one.

    Example: [bold]medsynth bank verify bank/[/bold]
    """
    opened = _opened(path, records)
    problems = opened.verify(progress=True)
    for problem in problems:
        typer.echo(str(problem))
    typer.echo(f"{len(opened)} samples, {len(problems) or 'no'} problem{'' if len(problems) == 1 else 's'}")
    if problems:
        raise typer.Exit(1)


def prune(
    path: Folder,
    records: Records = None,
    lesion: Annotated[str | None, typer.Option(help="Only samples of this lesion.")] = None,
    older_than_days: Annotated[
        float | None, typer.Option(help="Only samples stored longer ago than this.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="File with the digests of samples that stay, one a line.")
    ] = None,
    keep_engine: Annotated[
        list[str] | None, typer.Option(help="Fingerprint of an engine whose samples stay; may be repeated.")
    ] = None,
    unused: Annotated[
        bool, typer.Option("--unused", help="Copies of sources, and maps, that nothing refers to go too.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove it; else only show what would go.")
    ] = False,
) -> None:
    """Show what would go by a rule: samples that meet all conditions, and what killed writers left.

    With --remove it goes, for good. Without a condition no sample goes.

    Example: [bold]medsynth bank prune bank/ --lesion nodule --older-than-days 90[/bold]
    """
    from medsynth_aug.bank import PruneRule

    rule = PruneRule(
        keep=None if keep is None else _digests(keep),
        older_than_days=older_than_days,
        lesion=lesion,
        engines=keep_engine or None,
        unused=unused,
    )
    pruned = _opened(path, records).prune(rule, dry_run=not remove, progress=remove)
    typer.echo(_told(pruned) + (" removed" if remove else " would go; --remove removes them"))


def export(
    path: Folder,
    target: Annotated[Path, typer.Argument(help="New folder for images, masks and tables.")],
    records: Records = None,
    only: Annotated[
        Path | None, typer.Option(help="File with the digests of the samples, one a line; else all.")
    ] = None,
) -> None:
    """Write samples as a folder of images, masks and tables, whole or not at all.

    What derives from a real patient is marked, in the tables and in NOTICE.txt.

    Example: [bold]medsynth bank export bank/ exported/[/bold]
    """
    opened = _opened(path, records)
    folder = opened.export(target, digests=None if only is None else _digests(only), progress=True)
    typer.echo(f"{folder}: read NOTICE.txt before you hand it on")


def _opened(path: Path, records: str | None) -> "SampleBank":
    from medsynth_aug.bank import SampleBank
    from medsynth_aug.bank.places import holds_bank

    if not holds_bank(path):
        raise BankError(f"{path} is no bank; give the folder that bank= named")
    return SampleBank(path, records=records)


def _digests(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingError(f"{file} cannot be read ({problem}); it holds one digest a line") from problem


def _told(pruned: "Pruned") -> str:
    counts = {
        "samples": len(pruned.samples), "leftovers": len(pruned.leftovers),
        "copies of sources": len(pruned.sources), "maps": len(pruned.maps),
    }  # fmt: skip
    return ", ".join(f"{count} {name}" for name, count in counts.items()) + f" ({_bytes(pruned.size)})"


def _bytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"

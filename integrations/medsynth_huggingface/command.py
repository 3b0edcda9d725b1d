"""`medsynth publish`: approved virtual patients, or the starter, to the Hugging Face Hub."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medsynth_aug.errors import SettingError

if TYPE_CHECKING:
    from medsynth_huggingface.report import PublishReport


def publish(
    repo_id: Annotated[str, typer.Argument(metavar="ORG/NAME", help="Name on the Hub.")],
    bank: Annotated[
        Path | None, typer.Option(help="Folder of the bank with the virtual patients and their reviews.")
    ] = None,
    report: Annotated[
        list[Path] | None,
        typer.Option(help="What medsynth evaluate wrote; the card states its figures; repeated."),
    ] = None,
    study: Annotated[
        Path | None, typer.Option(help="study.json of a reader study, published as a configuration.")
    ] = None,
    checkpoint: Annotated[
        str, typer.Option(help="What made the images: starter, a diffusers folder, or a Hub id.")
    ] = "starter",
    device: Annotated[str, typer.Option(help="Where it made them: auto, cpu, cuda or mps.")] = "auto",
    license: Annotated[str, typer.Option(help="Licence, as the Hub names it.")] = "cc-by-4.0",
    tag: Annotated[str | None, typer.Option(help="Name of the revision; the next number if absent.")] = None,
    note: Annotated[str, typer.Option(help="One line for the changelog of the card.")] = "",
    public: Annotated[bool, typer.Option("--public", help="For everyone to see; else private.")] = False,
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Propose it as a pull request.")] = False,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Withdraw published images that no review took back.")
    ] = False,
    dry_run: Annotated[
        Path | None, typer.Option(help="Write what would be sent into this new folder; nothing leaves.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help='"starter" publishes that checkpoint as a model instead.')
    ] = None,
) -> None:
    """Publish approved virtual patients, every pixel of which is synthetic, to the Hugging Face Hub.

    Only images that the publish gate lets through are sent; each of the others is named with its reason. The
    token comes from `hf auth login` or HF_TOKEN. Look at a --dry-run first.

    Example: [bold]medsynth publish my-lab/virtual-patients --bank bank/ --dry-run look/[/bold]
    """
    try:
        from medsynth_huggingface.publishing import push_virtual_patients
    except ModuleNotFoundError as problem:
        raise SettingError(
            f"{problem.name} is missing; install it with pip install 'medsynth-aug[huggingface]'"
        ) from problem
    from medsynth_huggingface.settings import PublishSettings
    from medsynth_huggingface.starter import push_starter

    if weights is not None:
        _tell(push_starter(repo_id, checkpoint=weights, private=not public, create_pr=create_pr), None)
        return
    if bank is None:
        raise SettingError("which patients? name their bank with --bank FOLDER, or publish --weights starter")
    from medsynth_huggingface.checked import checked_corpus

    settings = PublishSettings(private=not public, create_pr=create_pr, tag=tag, note=note, withdraw=withdraw)
    corpus, gate = checked_corpus(
        bank, checkpoint=checkpoint, reports=report or (), study=study, license=license, device=device
    )
    _tell(push_virtual_patients(corpus, repo_id, gate=gate, settings=settings, dry_run=dry_run), dry_run)


def _tell(done: "PublishReport", dry_run: Path | None) -> None:
    for digest, reason in done.left_out:
        typer.echo(f"left out {digest[:12]}: {reason}")
    if dry_run is not None:
        _tell_what_would_be(done, dry_run)
        return
    if not done.changed:
        typer.echo(f"{done.repo_id} {done.tag} holds {'all of it' if done.images else 'no image'} already")
        return
    if done.withdrawn:
        typer.echo(f"withdrawn: {', '.join(one[:12] for one in done.withdrawn)}")
    where = done.pull_request or f"{done.repo_id} {done.tag}".strip()
    typer.echo(f"published {len(done.files)} files, {done.images} images: {where}")


def _tell_what_would_be(done: "PublishReport", folder: Path) -> None:
    if done.unread:
        typer.echo(f"shown as a first revision, since {done.unread}")
    if done.changed:
        typer.echo(f"would send {len(done.files)} files, {done.images} images, as {done.repo_id} {done.tag}:")
        typer.echo(f"{done.added} added, {len(done.withdrawn)} withdrawn")
        for digest in done.withdrawn:
            typer.echo(f"  withdrawn {digest[:12]}")
    else:
        typer.echo(f"{done.repo_id} holds all of it already, so nothing would be sent of:")
    for name in done.files:
        typer.echo(f"  {folder / name}")

"""`medsynth review`: physicians approve or reject samples, and the rejected ones go back to the engine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medsynth_aug.errors import SettingError

if TYPE_CHECKING:
    from medsynth_aug.review import ReviewStore

PEOPLE, POLICY, BACK = "Readers", "Policy", "Back to the engine"


def review(
    context: typer.Context,
    bank: Annotated[Path | None, typer.Option(help="Folder of the bank.")] = None,
    reviewer: Annotated[str | None, typer.Option(help="Read as this reviewer.")] = None,
    lesion: Annotated[str | None, typer.Option(help="Only samples of this lesion.")] = None,
    count: Annotated[int | None, typer.Option(help="At most so many samples.")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Write each image to this PNG instead of opening a viewer.")
    ] = None,
    status: Annotated[
        bool, typer.Option("--status", help="Show samples, readers, and what rejections led to.")
    ] = False,
    revoke: Annotated[str | None, typer.Option(help="Take back the verdict of this id; needs --why.")] = None,
    why: Annotated[str | None, typer.Option(help="Why the verdict is taken back.")] = None,
    enrol: Annotated[str | None, typer.Option(help="Enrol a reviewer.", rich_help_panel=PEOPLE)] = None,
    senior: Annotated[
        bool, typer.Option("--senior", help="The enrolled one settles disputes.", rich_help_panel=PEOPLE)
    ] = False,
    id: Annotated[
        str | None,
        typer.Option(
            "--id", help="Id under which the enrolled one reviews elsewhere, a UUID.", rich_help_panel=PEOPLE
        ),
    ] = None,
    retire: Annotated[
        str | None, typer.Option(help="Take no more verdicts from this reviewer.", rich_help_panel=PEOPLE)
    ] = None,
    assign: Annotated[
        list[str] | None,
        typer.Option(
            help="Give what is undecided (see --lesion, --count) to this reviewer alone; may be repeated.",
            rich_help_panel=PEOPLE,
        ),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            help="K/N: so many of so many readers must approve; decides all anew.", rich_help_panel=POLICY
        ),
    ] = None,
    senior_required: Annotated[
        bool,
        typer.Option("--senior-required", help="With --policy: one is a senior.", rich_help_panel=POLICY),
    ] = False,
    count_votes: Annotated[
        bool,
        typer.Option(
            "--count-votes",
            help="With --policy: the count settles disagreement, not a senior.",
            rich_help_panel=POLICY,
        ),
    ] = False,
    regenerate: Annotated[
        bool,
        typer.Option("--regenerate", help="Make others in place of rejected samples.", rich_help_panel=BACK),
    ] = False,
    checkpoint: Annotated[
        str,
        typer.Option(
            help='"starter", a diffusers folder or a Hub id; "none" paints priors.', rich_help_panel=BACK
        ),
    ] = "starter",
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.", rich_help_panel=BACK)
    ] = "auto",
    budget: Annotated[
        int, typer.Option(help="How often a place is made anew before it is given up.", rich_help_panel=BACK)
    ] = 3,
    films: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the backgrounds, where the bank keeps no copies of them.", rich_help_panel=BACK
        ),
    ] = None,
) -> None:
    """Read what waits for review: approve, or reject with a reason, a few keys an image.

    Nobody sees what others said. A verdict is stored at once; stop with q, and go on later. With several
    tasks named, they are done in the order: policy, enrol, retire, assign, revoke, read, regenerate, status.

    Example: [bold]medsynth review --bank bank/ --enrol Anna[/bold], then
    [bold]medsynth review --bank bank/ --reviewer Anna[/bold]
    """
    if context.invoked_subcommand is not None:
        return
    if bank is None or not bank.is_dir():
        raise SettingError(f"{'no bank is named' if bank is None else f'{bank} is no folder'}; --bank FOLDER")
    tasks = (policy, enrol, retire, assign, revoke, reviewer, regenerate, status)
    if not any(tasks):
        raise SettingError("nothing to do is named; --reviewer NAME to read, --status to look, or see --help")
    from medsynth_aug.bank import SampleBank
    from medsynth_aug.review import ReviewStore

    store = ReviewStore(SampleBank(bank))
    store.settle()
    if policy is not None:
        _set_policy(store, policy, senior_required, not count_votes)
    if enrol is not None:
        typer.echo(f"enrolled {store.enrol(enrol, senior=senior, id=id).name}")
    if retire is not None:
        typer.echo(f"retired {store.retire(store.reviewer(retire)).name}")
    if assign:
        _assign(store, assign, lesion, count)
    if revoke is not None:
        found = store.revoke(revoke, why or "")
        typer.echo(f"revoked {found.id}; the sample is {store.decision(found.sample).state}")
    if reviewer is not None:
        _read(store, reviewer, lesion, count, sheet)
    if regenerate:
        _regenerate(store, checkpoint, device, budget, films)
    if status:
        _show(store)


def _set_policy(store: "ReviewStore", text: str, senior_required: bool, adjudication: bool) -> None:
    from medsynth_aug.review import ReviewPolicy

    approvals, slash, readers = text.partition("/")
    if not (slash and approvals.isdecimal() and readers.isdecimal()):
        raise SettingError(f"--policy is {text!r}; write K/N, such as 2/3")
    store.set_policy(
        ReviewPolicy(
            approvals=int(approvals), readers=int(readers), senior_required=senior_required,
            adjudication=adjudication,
        )
    )  # fmt: skip
    typer.echo(f"{approvals} of {readers} readers must approve")


def _assign(store: "ReviewStore", names: list[str], lesion: str | None, count: int | None) -> None:
    people = [store.reviewer(name) for name in names]
    digests = store.undecided(lesion=lesion)[:count]
    store.assign(digests, people)
    typer.echo(f"{len(digests)} samples assigned to {', '.join(person.name for person in people)}")


def _read(store: "ReviewStore", name: str, lesion: str | None, count: int | None, sheet: Path | None) -> None:
    from medsynth_aug.cli.review_session import read_queue

    reviewer = store.reviewer(name)
    queue = store.queue(reviewer, lesion=lesion)
    typer.echo(f"{len(queue)} samples wait for {reviewer.name}")
    given = read_queue(store, reviewer, queue[:count], sheet=sheet)
    typer.echo(f"{given} verdicts stored, {len(store.queue(reviewer, lesion=lesion))} samples wait")


def _regenerate(store: "ReviewStore", checkpoint: str, device: str, budget: int, films: Path | None) -> None:
    from medsynth_aug.bank import SourceStore
    from medsynth_aug.cli.generate import open_synthesizer
    from medsynth_aug.review import lookups_of, regenerate

    sources = SourceStore(store.bank, {} if films is None else lookups_of(films))
    report = regenerate(store, open_synthesizer(checkpoint, device), sources=sources, budget=budget)
    typer.echo(f"{len(report.made)} made anew, {len(report.given_up)} given up, they wait for review")
    for digest, reason in sorted(report.given_up.items()):
        typer.echo(f"given up {digest[:12]}: {reason}")
    if report.lacking:
        typer.echo(
            f"{len(report.lacking)} not made: the bank has no copy of their backgrounds; --films FOLDER",
            err=True,
        )


def _show(store: "ReviewStore") -> None:
    from rich.console import Console

    from medsynth_aug.cli.review_tables import status_tables

    for table in status_tables(store):
        Console().print(table)

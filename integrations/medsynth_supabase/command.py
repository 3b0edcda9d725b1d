"""`medsynth sync`: a bank and a project at Supabase, once or until stopped."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medsynth_aug.errors import SettingError

if TYPE_CHECKING:
    from medsynth_supabase.pulling.report import PullReport
    from medsynth_supabase.pushing.report import PushReport
    from medsynth_supabase.sync import SupabaseSync

SHOWN = 10
"""How many of the subjects that could not be delivered are named."""


def sync(
    bank: Annotated[Path | None, typer.Option(help="Folder of the bank.")] = None,
    project: Annotated[
        str | None, typer.Option(metavar="NAME", help="The project; by default the one of the key.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C.")] = False,
    for_review: Annotated[
        bool | None,
        typer.Option(help="Send pending virtual patients too, for reviewers; holds until said otherwise."),
    ] = None,
    reviews: Annotated[
        bool | None, typer.Option(help="Send the reviews of this bank; holds until said otherwise.")
    ] = None,
    runs: Annotated[
        bool | None, typer.Option(help="Send the progress of runs; holds until said otherwise.")
    ] = None,
    push: Annotated[bool, typer.Option(help="Send what happened in the bank.")] = True,
    pull: Annotated[bool, typer.Option(help="Bring in reviews that were given elsewhere.")] = True,
    new_identity: Annotated[
        bool,
        typer.Option("--new-identity", help="Go on as a bank of its own: this one was copied or restored."),
    ] = False,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Remove images that no row names, which late requests can leave.")
    ] = False,
    create: Annotated[
        bool, typer.Option("--create", help="Make the project; with the key of the service role.")
    ] = False,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Print a fresh project key and do nothing else.")
    ] = False,
    migrations: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write the SQL of a project there and do nothing else."),
    ] = None,
    real_records_may_leave: Annotated[
        bool,
        typer.Option(
            "--real-records-may-leave",
            help="Consent that records of approved painted real images go to this project; noted.",
        ),
    ] = False,
    real_pixels_may_leave: Annotated[
        bool, typer.Option("--real-pixels-may-leave", help="The same for their pixels.")
    ] = False,
    checkpoint: Annotated[
        str, typer.Option(help="What made the images: starter, a diffusers folder, or a Hub id.")
    ] = "starter",
    device: Annotated[str, typer.Option(help="Where it made them: auto, cpu, cuda or mps.")] = "auto",
    corpus: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="List what the project holds as a new revision of this corpus."),
    ] = None,
) -> None:
    """Share approved virtual patients with a team through Supabase, and bring its reviews back.

    Every pixel that is sent is synthetic unless you consent otherwise, and only what your reviews and the
    publish gate let through is shown as approved. SUPABASE_URL, SUPABASE_KEY and MEDSYNTH_PROJECT_KEY come
    from the environment, and so do SUPABASE_EMAIL and SUPABASE_PASSWORD of a publisher. The same again goes
    on where one stopped.

    Example: [bold]medsynth sync --bank bank/ --watch --reviews[/bold]
    """
    if new_key:
        _show_new_key()
        return
    if migrations is not None:
        _write_migrations(migrations)
        return
    if bank is None:
        raise SettingError("which bank? name its folder with --bank FOLDER, or make a key with --new-key")
    if watch and (sweep or corpus is not None):
        raise SettingError("--watch goes on until it is ended; call --sweep and --corpus without it")
    if watch and not push:
        raise SettingError("--watch sends what happens in the bank; call --no-push without it")
    try:
        from medsynth_supabase.sync import SupabaseSync
    except ModuleNotFoundError as problem:
        raise SettingError(
            f"{problem.name} is missing; install it with pip install 'medsynth-aug[supabase]'"
        ) from problem
    from medsynth_aug.bank import SampleBank
    from medsynth_aug.bank.places import holds_bank
    from medsynth_aug.corpus import Gatekeeper
    from medsynth_supabase.project.settings import SyncSettings

    if not holds_bank(bank):
        raise SettingError(f"{bank} is no bank; name the folder that medsynth patients filled")
    settings, held = SyncSettings.from_environment(project=project), SampleBank(bank)
    given = SupabaseSync(
        held, settings, gate=Gatekeeper(held, checkpoint=checkpoint, device=device, progress=False),
        for_review=for_review, reviews=reviews, runs=runs, create=create, progress=True,
        real_records_may_leave=real_records_may_leave, real_pixels_may_leave=real_pixels_may_leave,
    )  # fmt: skip
    try:
        if new_identity:
            name = given.project.name  # a bank that cannot be synced keeps its identity
            typer.echo(f"{bank} goes on in {name} as {given.renew_identity()}", err=True)
        _run(given, push=push, pull=pull, watch=watch, corpus=corpus, sweep=sweep)
    finally:
        given.close()


def _run(
    sync: "SupabaseSync", *, push: bool, pull: bool, watch: bool, corpus: str | None, sweep: bool
) -> None:
    if push and sync.remembered:
        wishes = [f"--{name.replace('_', '-')}" for name in sync.remembered]
        typer.echo(f"as before: {', '.join(wishes)}; each holds until its --no-... is given", err=True)
    if watch:
        typer.echo(f"watching {sync.bank.path} for project {sync.project.name}; Ctrl-C ends it", err=True)
        sync.watch(pulling=pull)
        return
    if pull:
        _tell_pull(sync.pull())
    if push:
        _tell_push(sync.push(), sync)
    if sweep:
        typer.echo(f"{len(sync.sweep())} images that no row names were removed")
    if corpus is not None:
        from medsynth_supabase.corpora import share_corpus

        shared = share_corpus(sync, corpus)
        typer.echo(f"corpus {shared.name}: revision {shared.revision}, {shared.samples} samples")


def _show_new_key() -> None:
    from medsynth_supabase.project.naming import new_key

    typer.echo(f"MEDSYNTH_PROJECT_KEY={new_key()}")
    typer.echo(
        "Keep it where you keep passwords, and set it on every machine of the project: samples are named "
        "with it. Whoever has it can tell which samples a name stands for; who loses it makes a new project.",
        err=True,
    )


def _write_migrations(folder: Path) -> None:
    """Copy the migrations; a file that is there with other contents is never overwritten."""
    files = sorted((Path(__file__).parent / "migrations").glob("*.sql"))
    changed = [
        file.name
        for file in files
        if (folder / file.name).is_file() and (folder / file.name).read_bytes() != file.read_bytes()
    ]
    if changed:
        raise SettingError(
            f"{folder / changed[0]} differs from the migration of that name; applied migrations are never "
            "changed: move it away, or name another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file.name).write_bytes(file.read_bytes())
    typer.echo(f"{len(files)} migrations are in {folder}; `supabase db push` applies them")


def _tell_push(report: "PushReport", sync: "SupabaseSync") -> None:
    project = sync.project.name
    told = ", ".join(f"{number} {state}" for state, number in sorted(report.told.items()))
    others = len(report.delivered) - sum(report.told.values())
    parts = [told] if told else []
    parts += [f"{others} reviews and runs"] if others else []
    typer.echo(f"{project}: {', '.join(parts)}" if parts else _nothing_sent(report, sync))
    for title, found in (
        ("the gate refuses", report.refused), ("conflict", report.conflicts), ("not delivered", report.aside)
    ):  # fmt: skip
        for subject, reason in found[:SHOWN]:
            typer.echo(f"{title} {subject[:12]}: {reason}")
        if len(found) > SHOWN:
            typer.echo(f"and {len(found) - SHOWN} more")


def _nothing_sent(report: "PushReport", sync: "SupabaseSync") -> str:
    project = sync.project.name
    if not sync.may_publish():
        return (
            f"{project}: nothing was sent, and {sync.settings.email} may publish nothing there; sign in as a "
            "publisher, or have the project's owner add that role"
        )
    if report.refused or report.conflicts or report.aside:
        return f"{project}: nothing new was sent"
    return f"{project} holds all of it already"


def _tell_pull(report: "PullReport") -> None:
    from medsynth_supabase.pulling.report import waiting_in_words

    if report.taken or report.revoked:
        typer.echo(f"took {len(report.taken)} reviews, {len(report.revoked)} were taken back")
    waits = waiting_in_words(report)
    if waits:
        typer.echo(waits)

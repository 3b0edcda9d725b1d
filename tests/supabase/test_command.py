"""`medsynth sync` as a person runs it."""

import re
import shutil
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.cli.app import main
from medsynth_supabase import new_key
from tests.corpus.quick_starter import write_quick_starter
from tests.supabase.database import MIGRATIONS
from tests.supabase.gateway.project import Project
from tests.supabase.material import Readers, make_patients
from tests.supabase.syncing import statuses


class Terminal:
    """Runs the command with an environment; gives its exit code and all that it says."""

    def __init__(self, environment: pytest.MonkeyPatch, output: pytest.CaptureFixture[str]) -> None:
        self._environment, self._output = environment, output

    def __call__(self, variables: dict[str, str], *arguments: str) -> tuple[int, str]:
        for name in ("URL", "KEY", "EMAIL", "PASSWORD"):
            self._environment.delenv(f"SUPABASE_{name}", raising=False)
        self._environment.delenv("MEDSYNTH_PROJECT_KEY", raising=False)
        for name, value in variables.items():
            self._environment.setenv(name, value)
        self._output.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["sync", *arguments])
        told = self._output.readouterr()
        return int(ended.value.code or 0), re.sub(r"\s+", " ", told.out + told.err)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    monkeypatch.setenv("COLUMNS", "200")
    return Terminal(monkeypatch, capsys)


def test_a_new_key_is_printed_with_what_to_do_with_it(said: Terminal) -> None:
    code, text = said({}, "--new-key")
    assert code == 0 and re.search(r"MEDSYNTH_PROJECT_KEY=[0-9a-f]{64} ", text)
    assert "set it on every machine of the project" in text


def test_the_migrations_are_written_and_never_over_others(said: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "supabase" / "migrations"
    for _ in range(2):
        code, text = said({}, "--migrations", str(folder))
        assert code == 0 and f"{len(list(folder.iterdir()))} migrations are in" in text
    written = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert written == {file.name: file.read_bytes() for file in MIGRATIONS.glob("*.sql")}
    first = min(folder.iterdir())
    first.write_text("-- changed")
    code, text = said({}, "--migrations", str(folder))
    assert code == 2 and "differs from the migration of that name" in text
    assert first.read_text() == "-- changed"


def test_the_help_teaches(said: Terminal) -> None:
    code, text = said({}, "--help")
    assert code == 0 and "SUPABASE_URL, SUPABASE_KEY and MEDSYNTH_PROJECT_KEY come from the" in text
    assert "medsynth sync --bank bank/ --watch --reviews" in text


def test_what_is_missing_is_told(said: Terminal, bank: SampleBank, tmp_path: Path) -> None:
    code, text = said({})
    assert code == 2 and "name its folder with --bank FOLDER" in text
    code, text = said({}, "--bank", str(tmp_path / "none"))
    assert code == 2 and "is no bank; name the folder that medsynth patients filled" in text
    empty = tmp_path / "empty"
    empty.mkdir()
    code, text = said({}, "--bank", str(empty))
    assert code == 2 and "is no bank" in text and not list(empty.iterdir())
    for wish in ("--sweep", "--corpus=first"):
        code, text = said({}, "--bank", str(bank.path), "--watch", wish)
        assert code == 2 and "call --sweep and --corpus without it" in text
    code, text = said({}, "--bank", str(bank.path), "--watch", "--no-push")
    assert code == 2 and "call --no-push without it" in text
    code, text = said({}, "--bank", str(bank.path))
    assert code == 2 and "SUPABASE_URL, SUPABASE_KEY, MEDSYNTH_PROJECT_KEY must be set" in text


@pytest.mark.supabase
def test_a_project_is_made_and_what_the_gate_refuses_is_named(
    said: Terminal, bank: SampleBank, project: Project, tmp_path: Path
) -> None:
    digest = make_patients(bank, 1)[0]
    Readers(bank).approve(digest)
    environment = project.environment() | {"MEDSYNTH_PROJECT_KEY": new_key()}
    name, checkpoint = f"made {project.id}", str(write_quick_starter(tmp_path / "starter"))
    given = ("--bank", str(bank.path), "--project", name, "--checkpoint", checkpoint)
    code, text = said(environment, *given)
    assert code == 2 and "make it with --create" in text
    code, text = said(environment, *given, "--create")
    assert code == 0 and f"{name}: nothing new was sent" in text
    assert f"the gate refuses {digest[:12]}: " in text and "no ancestry is given of engine" in text
    assert len(project.rows("select id from public.projects where name = %s", name)) == 1
    assert not [secret for secret in environment.values() if len(secret) > 30 and secret in text]


@pytest.mark.supabase
@pytest.mark.parametrize("role", ["reader", "reviewer"])
def test_who_may_not_publish_is_told_so_though_there_is_nothing_to_send(
    said: Terminal, bank: SampleBank, project: Project, role: str
) -> None:
    code, text = said(project.environment(role), "--bank", str(bank.path))
    assert code == 0 and "holds all of it" not in text
    assert f"{project.users[role].email} may publish nothing there; sign in as a publisher" in text


@pytest.mark.supabase
def test_pending_patients_are_sent_and_counted(said: Terminal, bank: SampleBank, project: Project) -> None:
    images = make_patients(bank, 2)
    code, text = said(project.environment("publisher"), "--bank", str(bank.path), "--for-review", "--no-pull")
    assert code == 0 and f"{project.name}: {len(images)} pending" in text
    assert set(statuses(project).values()) == {"pending"}
    code, text = said(project.environment("publisher"), "--bank", str(bank.path), "--for-review")
    assert code == 0 and f"{project.name} holds all of it already" in text
    code, text = said(project.environment("publisher"), "--bank", str(bank.path), "--no-pull", "--sweep")
    assert code == 0 and "0 images that no row names were removed" in text
    assert "as before: --for-review; each holds until its --no-... is given" in text
    assert set(statuses(project).values()) == {"pending"}
    code, text = said(project.environment("publisher"), "--bank", str(bank.path), "--no-push")
    assert code == 0 and text == ""
    code, text = said(project.environment("publisher"), "--bank", str(bank.path), "--no-for-review")
    assert code == 0 and f"{len(images)} withdrawn" in text and "as before" not in text
    code, text = said(project.environment("publisher"), "--bank", str(bank.path))
    assert code == 0 and f"{project.name} holds all of it already" in text


@pytest.mark.supabase
def test_a_restored_bank_is_told_what_to_do_and_does_it(
    said: Terminal, bank: SampleBank, project: Project, tmp_path: Path
) -> None:
    make_patients(bank, 1)
    bank.close()
    shutil.copytree(bank.path, tmp_path / "backup")
    given = project.environment("publisher"), "--bank", str(bank.path), "--for-review"
    make_patients(bank, 1, first=5)
    assert said(*given)[0] == 0
    bank.close()
    shutil.rmtree(bank.path)
    (tmp_path / "backup").rename(bank.path)
    code, text = said(*given)
    assert code != 0 and "does not hold: the bank was restored from an older state" in text
    assert f"`medsynth sync --bank {bank.path} --new-identity`" in text
    code, text = said(*given, "--new-identity")
    assert code == 0 and f"goes on in {project.name} as " in text and " pending" in text

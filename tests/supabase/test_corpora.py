"""A corpus lists what the project holds as approved, and a changed list is another revision."""

import pytest

from medsynth_aug.errors import SettingError
from medsynth_supabase import share_corpus
from tests.supabase.gateway.project import Project
from tests.supabase.machines import Machine, Machines

pytestmark = pytest.mark.supabase


@pytest.fixture
def machine(project: Project, machines: Machines) -> Machine:
    return machines(project, 3, role="publisher")


def listed(machine: Machine, revision: int) -> set[str]:
    found = machine.project.rows(
        "select l.sample from public.corpus_samples l join public.corpora c on c.id = l.corpus "
        "where c.project = %s and c.revision = %s",
        machine.project.id, revision,
    )  # fmt: skip
    return {row["sample"] for row in found}


def test_the_same_samples_are_one_revision_and_a_revoked_one_makes_another(machine: Machine) -> None:
    reader, (first, second, *_) = machine.enrol("Dr A"), machine.shown()
    machine.reviews.record(first, reader, "approve")
    verdict = machine.reviews.record(second, reader, "approve")
    shared = share_corpus(machine.sync, "virtual patients", "lab/virtual-patients")
    assert (shared.name, shared.revision, shared.samples) == ("virtual patients", 1, 2)
    again = share_corpus(machine.new_sync(), " virtual  patients ", "lab/virtual-patients")
    assert again == shared
    machine.reviews.revoke(verdict.id, "seen on a bad screen")
    fewer = share_corpus(machine.sync, "virtual patients", "lab/virtual-patients")
    assert (fewer.revision, fewer.samples) == (2, 1)
    assert listed(machine, 1) == {machine.names.sample(first), machine.names.sample(second)}
    assert listed(machine, 2) == {machine.names.sample(first)}


def test_a_corpus_lists_what_every_machine_of_the_project_brought(
    machine: Machine, project: Project, machines: Machines
) -> None:
    other = machines(project, 2, first=50, role="publisher")
    for one in (machine, other):
        one.reviews.record(one.shown()[0], one.enrol("Dr A"), "approve")
        one.sync.push()
    shared = share_corpus(machine.sync, "all")
    assert shared.samples == 2
    assert share_corpus(other.sync, "all") == shared


def test_a_corpus_of_nothing_or_without_a_name_is_refused_in_words(machine: Machine) -> None:
    with pytest.raises(SettingError, match="holds no approved virtual sample; approve some and sync"):
        share_corpus(machine.sync, "empty")
    with pytest.raises(SettingError, match="1 to 200 characters, this one 0"):
        share_corpus(machine.sync, "  ")

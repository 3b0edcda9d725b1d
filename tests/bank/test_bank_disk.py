"""Bad disks: full, read-only, in the way, damaged; what is said, and what stays intact."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank, places
from medsynth_aug.bank.network import network_filesystem
from medsynth_aug.errors import BankError, BankFullError, BankReadOnlyError, DamagedSampleError
from tests.bank.backends import place_of
from tests.bank.material import assert_same, radiograph, request
from tests.bank.workers import numbered


def file_of(bank: SampleBank, number: int) -> Path:
    return Path(place_of(bank, numbered(number).digest))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte, where mounting is permitted."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small tmpfs is not permitted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(bank: SampleBank) -> int:
    """Add samples until the disk is full; how many were acknowledged."""
    for number in range(1000):
        try:
            bank.add(numbered(number))
        except BankFullError as problem:
            assert "no space left for" in str(problem)
            assert "samples stored before are intact" in str(problem)
            return number
    raise AssertionError("the disk never filled")


def test_a_full_disk_is_named_and_harms_nothing_that_was_stored(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(200_000))
    bank = SampleBank(small_disk / "bank")
    stored = fill(bank)
    assert stored > 3
    assert len(bank) == stored
    assert bank.verify() == []
    assert list((bank.path / "pixels" / "partial").iterdir()) == []
    ballast.unlink()
    bank.add(numbered(stored))
    assert_same(bank.get(numbered(stored).digest), numbered(stored))
    bank.close()


def test_a_full_disk_leaves_the_queue_as_it_was(small_disk: Path) -> None:
    bank = SampleBank(small_disk / "bank")
    source, asked = radiograph(), 0
    try:
        while True:
            wishes = [request(source, str(number)) for number in range(asked, asked + 20)]
            bank.wanted.add(wishes, priority=1)
            asked += 20
    except BankFullError as problem:
        assert "no space left for" in str(problem)
    assert bank.wanted.count(wishes[0].engine) == asked > 0
    bank.close()


def test_a_full_disk_leaves_no_half_of_an_export(bank: SampleBank, small_disk: Path) -> None:
    for number in range(40):
        bank.add(numbered(number))
    (small_disk / "ballast").write_bytes(bytes(900_000))
    with pytest.raises(BankFullError, match=f"no space left for {small_disk / 'export'}"):
        bank.export(small_disk / "export")
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


def test_a_disk_that_becomes_read_only_is_named(small_disk: Path) -> None:
    bank = SampleBank(small_disk / "bank")
    bank.add(numbered(0))
    bank.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(BankReadOnlyError, match="give write permission or choose another folder"):
        bank.add(numbered(1))
    with pytest.raises(BankReadOnlyError, match="give write permission or choose another folder"):
        SampleBank(small_disk / "bank")
    with pytest.raises(BankReadOnlyError, match=r"other cannot be (made|written)"):
        SampleBank(small_disk / "other")


def test_a_limit_on_file_size_is_named_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    code = (
        "import resource, sys\n"
        "from medsynth_aug.bank import SampleBank\n"
        "from medsynth_aug.errors import BankFullError\n"
        "from tests.bank.workers import numbered\n"
        "bank = SampleBank(sys.argv[1])\n"
        "bank.add(numbered(0))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    bank.add(numbered(1))\n"
        "except BankFullError as problem:\n"
        "    print(problem)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "bank"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "no space left for" in done.stdout
    bank = SampleBank(tmp_path / "bank")
    assert bank.digests() == [numbered(0).digest]
    assert bank.verify() == []
    assert list((bank.path / "pixels" / "partial").iterdir()) == []
    bank.close()


ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc and /sys are Linux's")
@pytest.mark.parametrize("place", ["/proc/bank", "/sys/bank"])
def test_a_folder_that_cannot_be_made_is_named(place: str) -> None:
    with pytest.raises(BankReadOnlyError, match=f"{place} cannot be made .*choose another folder"):
        SampleBank(place)


@pytest.mark.parametrize("inside", ["", "bank"])
def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path, inside: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BankError, match="is or lies in a file; a bank needs a folder"):
        SampleBank(tmp_path / "file" / inside)
    assert (tmp_path / "file").read_text() == "mine"


def test_pixels_that_cannot_take_their_place_leave_no_record(bank: SampleBank) -> None:
    folder = bank.path / "pixels" / numbered(0).digest[:2]
    folder.write_text("in the way")
    with pytest.raises(BankError, match=f"{folder}/.* failed: .*check the disk"):
        bank.add(numbered(0))
    assert bank.digests() == []
    assert list((bank.path / "pixels" / "partial").iterdir()) == []


def test_a_damaged_file_is_found_and_named(bank: SampleBank) -> None:
    for number in range(3):
        bank.add(numbered(number))
    path = file_of(bank, 1)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedSampleError, match=f"{path} is damaged: .*bank.forget"):
        bank.get(numbered(1).digest)
    (damage,) = bank.verify()
    assert str(path) in str(damage)
    assert_same(bank.get(numbered(2).digest), numbered(2))


def test_truncated_and_missing_files_are_found_and_named(bank: SampleBank) -> None:
    for number in range(2):
        bank.add(numbered(number))
    os.truncate(file_of(bank, 0), 100)
    file_of(bank, 1).unlink()
    with pytest.raises(DamagedSampleError, match=f"{file_of(bank, 1)} is missing; restore"):
        bank.get(numbered(1).digest)
    named = " ".join(map(str, bank.verify()))
    assert str(file_of(bank, 0)) in named
    assert str(file_of(bank, 1)) in named


def test_damaged_copies_of_sources_and_maps_are_found_and_can_be_stored_again(bank: SampleBank) -> None:
    source, mask = radiograph(), numbered(0).mask
    bank.put_source(source)
    digest = bank.put_map(mask)
    paths = sorted((bank.path / "local").rglob("*.safetensors"))
    for path in paths:
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
    with pytest.raises(DamagedSampleError, match=r"local/sources/.* is damaged; delete it"):
        bank.source(source.digest)
    with pytest.raises(DamagedSampleError, match=r"local/maps/.* is damaged; delete it"):
        bank.map(digest)
    assert len(bank.verify()) == 2
    for path in paths:
        path.unlink()
    bank.put_source(source)
    bank.put_map(mask)
    assert bank.verify() == []


def test_a_missing_anatomy_is_found_and_named_and_can_be_put_anew(bank: SampleBank) -> None:
    lungs = numbered(0).mask.expand(2, -1, -1)
    bank.put_anatomy("real:a", "model", lungs)
    (path,) = (bank.path / "local" / "maps").rglob("*.safetensors")
    path.unlink()
    with pytest.raises(DamagedSampleError, match=f"{path} is missing"):
        bank.anatomy("real:a", "model")
    (damage,) = bank.verify()
    assert str(path) in str(damage)
    bank.put_anatomy("real:a", "model", lungs)
    assert bank.verify() == []


def test_a_damaged_database_is_named(bank: SampleBank) -> None:
    bank.add(numbered(0))
    bank.close()
    for path in bank.path.glob("bank.sqlite*"):
        path.write_bytes(b"this is not a database" * 1000)
    with pytest.raises(BankError, match=r"bank.sqlite is damaged or not a bank's database"):
        SampleBank(bank.path)


MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/data /mnt/data nfs4 rw 0 0
//server/scans /mnt/my\\040scans cifs rw 0 0
tmpfs /mnt/data/local tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/bank", None),
        ("/mnt/data/bank", "nfs4"),
        ("/mnt/database", None),
        ("/mnt/my scans/bank", "cifs"),
        ("/mnt/data/local/bank", None),
    ],
)
def test_network_file_systems_are_told_from_local_ones(tmp_path: Path, folder: str, kind: str | None) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert network_filesystem(Path(folder), mounts) == kind
    assert network_filesystem(Path(folder), tmp_path / "absent") is None


def test_a_bank_on_a_network_path_is_refused_with_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/x {tmp_path} nfs rw 0 0\n")
    monkeypatch.setattr(places, "MOUNTS", mounts)
    with pytest.raises(
        BankError, match=r"lies on a network file system \(nfs\).*on a local disk.*records='postgresql"
    ):
        SampleBank(tmp_path / "bank")
    assert not (tmp_path / "bank" / "bank.sqlite").exists()

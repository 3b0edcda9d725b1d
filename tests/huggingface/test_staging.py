"""What would be sent lies in a folder first: card, Croissant and tables, and nothing that must stay."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlcroissant
import pyarrow.parquet as pq
import pytest
from huggingface_hub import DatasetCard

from medsynth_aug.errors import PublishError, SettingError, UnwritableFileError
from medsynth_aug.evaluation import Figure
from medsynth_huggingface import Corpus, CorpusFinding, PublishReport, PublishSettings, push_virtual_patients
from medsynth_huggingface.card import repaired
from medsynth_huggingface.leaks import check_folder
from tests.huggingface.material import OpenGate, on_a_real_image, virtual_corpus


def staged(corpus: Corpus, folder: Path, gate: OpenGate | None = None) -> PublishReport:
    return push_virtual_patients(corpus, "lab/look", gate=gate or OpenGate(), dry_run=folder)


@pytest.fixture(scope="module")
def sent(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dry") / "run"
    report = staged(corpus, folder)
    assert set(report.files) == {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    return folder


def texts(value: Any) -> list[str]:
    """Every string in nested rows."""
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inside for text in texts(one)]


def test_nothing_published_names_a_place_on_this_machine(
    sent: Path, corpus_folder: Path, corpus: Corpus
) -> None:
    found = []
    for path in sent.rglob("*"):
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            found += [*texts(table.to_pylist()), str(table.schema.metadata)]
        elif path.is_file():
            found.append(path.read_text())
    assert len(found) > 100
    for text in found:
        assert str(corpus_folder) not in text and str(Path.home()) not in text and "/tmp/" not in text
        assert "real:" not in text and "Dr A" not in text


def test_files_of_images_bear_names_and_no_paths(sent: Path, corpus: Corpus) -> None:
    rows = [row for path in sent.glob("images/*.parquet") for row in pq.read_table(path).to_pylist()]
    assert {row["image"]["path"] for row in rows} == {f"{one}.png" for one in corpus.digests}
    assert all(row["image"]["bytes"].startswith(b"\x89PNG") for row in rows)
    assert not any(chunk in row["image"]["bytes"] for row in rows for chunk in (b"tEXt", b"eXIf", b"tIME"))


@pytest.mark.parametrize(("planted", "says"), [
    ({"recipe": {"data": "/home/anna/films/0001.png"}}, "README.md would publish a local path"),
    ({"credits": ("real:0123456789abcdef0123",)}, "README.md would publish a real image"),
    ({"credits": ("hf_abcdefghijklmnopqrstuv",)}, "README.md would publish a token"),
    ({"notice": r"see C:\films\0001.png"}, "NOTICE.md would publish a local path"),
    ({"figures": {"Fidelity": (Figure(name="FID of file:///films", value=1.0, n={}),)}}, "a local path"),
])  # fmt: skip
def test_what_must_stay_here_is_found_in_the_texts(
    corpus: Corpus, tmp_path: Path, planted: dict[str, Any], says: str
) -> None:
    with pytest.raises(PublishError, match=f"{says}.*; nothing was sent" if "/" not in says else says):
        staged(replace(corpus, **planted), tmp_path / "out")


@pytest.mark.parametrize("place", [
    "/opt/pacs/Meier", "`/pacs/films`", "(/Volumes/PACS/x.dcm)", "films=/nix/store/a", "sqlite:////opt/a.db",
    "~/films", "~anna/films", "C:/films", r"D:\films", r"\\nas\films",
])  # fmt: skip
def test_a_local_path_is_found_wherever_it_leads(tmp_path: Path, place: str) -> None:
    for name, text in (("README.md", f"from {place}"), ("manifest.json", json.dumps({"note": place}))):
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).write_text(text)
        with pytest.raises(PublishError, match=r"would publish a local path.*Remove it from the note"):
            check_folder(folder)


@pytest.mark.parametrize("text", [
    "https://creativecommons.org/licenses/by/4.0/", "[by](https://lab.org/a/b), and/or/else",
    "images/a/b.png", "./images/a/b", "<b>CT</b></td>", "mm / px / grey", "1/2/3", "~5/6",
    "application/x-parquet", r"a regular expression: [^\s\w]",
])  # fmt: skip
def test_what_only_looks_like_a_path_may_be_published(tmp_path: Path, text: str) -> None:
    (tmp_path / "README.md").write_text(text)
    (tmp_path / "manifest.json").write_text(json.dumps({"note": text}))
    check_folder(tmp_path)


def test_a_note_with_a_place_and_the_bare_digest_of_a_real_image_stop_a_push(tmp_path: Path) -> None:
    held = virtual_corpus(tmp_path, count=1)
    note = PublishSettings(note="from /opt/pacs/Meier")
    with pytest.raises(PublishError, match=r"README\.md would publish a local path"):
        push_virtual_patients(held, "lab/x", gate=OpenGate(), settings=note, dry_run=tmp_path / "a")
    _, real = on_a_real_image(held.samples)  # type: ignore[arg-type]
    for told in (real.removeprefix("real:"), f"film {real[5:21]}"):
        with pytest.raises(PublishError, match=r"README\.md would publish a real image"):
            staged(replace(held, recipe={"source": told}), tmp_path / told[:6])


def test_what_must_stay_here_is_found_in_the_tables(corpus: Corpus, tmp_path: Path) -> None:
    last = corpus.patients[-1]
    findings = tuple(
        replace(one, severity=f"{one.severity} {Path.home()}/x") for one in last.images[0].findings
    )
    told = replace(last, images=(replace(last.images[0], findings=findings),))
    with pytest.raises(PublishError, match=r"boxes/.*\.parquet would publish"):
        staged(replace(corpus, patients=(*corpus.patients[:-1], told)), tmp_path / "out")


def test_the_place_of_the_bank_is_found_wherever_it_is(corpus: Corpus, tmp_path: Path) -> None:
    told = replace(corpus, recipe={"bank": str(corpus.samples.path)})  # type: ignore[attr-defined]
    with pytest.raises(PublishError, match=r"README\.md would publish"):
        staged(told, tmp_path / "out")


def test_a_sample_on_a_real_image_gets_past_no_gate(corpus: Corpus, tmp_path: Path) -> None:
    digest, _ = on_a_real_image(corpus.samples)  # type: ignore[arg-type]
    last = corpus.patients[-1]
    image = replace(last.images[0], sample=digest, findings=(CorpusFinding(lesion="nodule", sample=digest),))
    planted = replace(corpus, patients=(*corpus.patients[:-1], replace(last, images=(image,))), answers=())
    with pytest.raises(PublishError, match="is painted on a real image, which never leaves this machine"):
        staged(planted, tmp_path / "out")


def test_what_the_gate_refuses_is_left_out_and_named(corpus: Corpus, tmp_path: Path) -> None:
    no = corpus.digests[0]
    report = staged(corpus, tmp_path / "out", OpenGate({no: "its review is pending"}))
    assert report.left_out == ((no, "its review is pending"),) and report.images == len(corpus.digests) - 1
    assert not any(no.encode() in path.read_bytes() for path in (tmp_path / "out").rglob("*.parquet"))
    with pytest.raises(PublishError, match=r"no image may be published .*: not approved"):
        staged(corpus, tmp_path / "none", OpenGate(dict.fromkeys(corpus.digests, "not approved")))
    assert not (tmp_path / "none").exists()


def test_a_dry_run_never_mixes_with_what_is_there(corpus: Corpus, sent: Path) -> None:
    with pytest.raises(SettingError, match="exists; name a folder that does not"):
        staged(corpus, sent)


def test_a_folder_that_cannot_be_written_is_named(corpus: Corpus, sent: Path) -> None:
    with pytest.raises(
        UnwritableFileError, match=r"cannot write .*README\.md/out \(Not a directory\); make room"
    ):
        staged(corpus, sent / "README.md" / "out")


def test_the_card_has_measured_figures_and_says_what_was_not_measured(sent: Path, corpus: Corpus) -> None:
    card = DatasetCard.load(sent / "README.md")
    assert "- FID: 12.5 (11 to 14), n = 200 real, 200 synthetic" in card.text
    assert "## Privacy\n\nNot measured." in card.text
    assert f"- approved: {len(corpus.digests)} images by 2 of 2 readers" in card.text
    assert "answers of 2 readers: 16 on virtual patients, 10 on real images" in card.text
    assert card.data.license == "cc-by-4.0" and card.data.size_categories == "n<1K"
    assert [one["config_name"] for one in card.data.configs if one.get("default")] == ["images"]
    for heading in ("Intended use", "Limits", "How it was made", "Licence and credits", "Changelog"):
        assert f"\n## {heading}\n" in card.text


def test_the_card_says_what_the_manifest_holds(corpus: Corpus, tmp_path: Path) -> None:
    out = tmp_path / "out"
    staged(replace(corpus.only(corpus.digests[:2]), notice="Films of a hospital.", license="mit"), out)
    text, manifest, metadata = (
        (out / name).read_text() for name in ("README.md", "manifest.json", "croissant.json")
    )
    assert "SHA-256 of every image's pixels, of every Parquet file, of `croissant.json` (which" in text
    told = json.loads(manifest)
    others = out / "NOTICE.md", out / "croissant.json"
    listed = {path.relative_to(out).as_posix(): path for path in (*out.rglob("*.parquet"), *others)}
    assert told["files"] == {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in listed.items()
    }
    assert set(told["images"]) == set(corpus.digests[:2])
    assert json.loads(metadata)["license"] == "https://opensource.org/license/mit"


def test_a_card_that_is_right_is_left_alone_and_a_broken_one_keeps_its_text(sent: Path) -> None:
    right = (sent / "README.md").read_text()
    assert repaired(right, right) is None
    broken = right.replace("  default: true\n", "").replace(
        "# look\n", "# look\n\nA line of somebody else.\n"
    )
    mended = repaired(broken, right)
    assert mended is not None and "A line of somebody else." in mended and "default: true" in mended
    assert repaired(mended, right) is None


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # rdflib
@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame")  # mlcroissant under pandas 3
def test_croissant_validates_without_a_warning_and_reads_the_tables(sent: Path, corpus: Corpus) -> None:
    metadata = json.loads((sent / "croissant.json").read_text())
    described = mlcroissant.Dataset(jsonld=metadata, mapping={"repo": sent})
    assert not described.metadata.ctx.issues.errors and not described.metadata.ctx.issues.warnings
    assert {one.id for one in described.metadata.record_sets} == {"images", "masks", "boxes", "reader-study"}
    listed = {one["@id"]: one["sha256"] for one in metadata["distribution"] if "contentUrl" in one}
    manifest = json.loads((sent / "manifest.json").read_text())
    tables = {name: held for name, held in manifest["files"].items() if name.endswith(".parquet")}
    assert tables and tables.items() <= listed.items()
    columns = {one["name"].split("/")[1] for one in metadata["recordSet"][0]["field"]}
    assert columns == set(pq.read_schema(next(sent.glob("images/*.parquet"))).names)
    ids = {row["images/image_id"].decode() for row in described.records("images")}
    assert ids == set(corpus.digests)


def test_settings_that_make_no_sense_are_refused(corpus: Corpus) -> None:
    with pytest.raises(SettingError, match="tag is 'a b'; use letters"):
        PublishSettings(tag="a b")
    with pytest.raises(SettingError, match="the changelog takes one"):
        PublishSettings(note="two\nlines")

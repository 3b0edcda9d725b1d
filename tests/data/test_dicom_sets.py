"""Folders and lists of DICOM files bring range and spacing, and are rebalanced exactly."""

from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from medsynth_aug.data import CsvDataset, FolderDataset, RebalancedDataset, decode_image, plan_rebalancing
from medsynth_aug.data.readers.formats import DicomSettings, dicom_patient
from medsynth_aug.evaluation import read_images
from medsynth_aug.synthesis import FakeSynthesizer
from tests.data.dicom_files import film, stored


def collection(folder: Path) -> Path:
    """Two classes of films of different depth and polarity, one without a suffix, one uncalibrated."""
    calibrated = {"PixelSpacing": [2.5, 2.5], "PixelSpacingCalibrationType": "GEOMETRY"}
    for index in range(6):
        deep = {"BitsStored": 14} if index % 2 else {"PhotometricInterpretation": "MONOCHROME1"}
        array = film((120, 110), high=16383 if index % 2 else 4095, seed=index)
        scale = {} if index == 5 else calibrated
        name = f"normal/{index}.dcm" if index < 4 else f"rare/{index}"
        stored(folder / name, array, PatientID=f"p{index}", **deep, **scale)
    (folder / "normal" / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    return folder


def test_a_folder_of_dicom_files_brings_range_spacing_and_patients(tmp_path: Path) -> None:
    data = FolderDataset(collection(tmp_path), patient_of=dicom_patient)
    assert data.groups == [f"p{index}" for index in range(6)] and data.targets == [0] * 4 + [1] * 2
    assert [data.value_range(i) for i in (0, 1)] == [(0, 4095), (0, 16383)]
    assert data.spacing_mm(0) == (2.5, 2.5) and data.spacing_mm(5) is None
    assert torch.equal(data[4]["image"], decode_image(tmp_path / "rare" / "4"))


def test_a_data_set_of_dicom_files_is_rebalanced_exactly(tmp_path: Path) -> None:
    data = FolderDataset(collection(tmp_path / "films"), patient_of=dicom_patient)
    wish: dict[str, Any] = {"lesions": {"rare": "nodule"}, "background": ["normal"], "progress": False}
    filled = RebalancedDataset(data, FakeSynthesizer(), **wish, bank=tmp_path / "bank")
    assert len(filled) == len(data) + 2
    for index in range(len(data), len(filled)):
        sample, item = filled.sample(index), filled[index]
        source = filled.plan.samples[index - len(data)].index
        outside = ~sample.edit_region
        assert sample.value_range == data.value_range(source) and sample.spacing == data.spacing_mm(source)
        assert torch.equal(item["image"][outside], data[source]["image"][outside])
        assert not torch.equal(item["image"], data[source]["image"])


def test_the_evaluation_knows_the_sources_of_dicom_files(tmp_path: Path) -> None:
    data = FolderDataset(collection(tmp_path), patient_of=dicom_patient)
    wish: dict[str, Any] = {"lesions": {"rare": "nodule"}, "background": ["normal"], "progress": False}
    planned = {s.request.source for s in plan_rebalancing(data, FakeSynthesizer(), **wish).samples}
    assert planned <= {image.digest for image in read_images(tmp_path, progress=False)}


def test_workers_read_a_rebalanced_set_of_dicom_files(tmp_path: Path) -> None:
    data = FolderDataset(collection(tmp_path / "films"), patient_of=dicom_patient)
    wish: dict[str, Any] = {"lesions": {"rare": "nodule"}, "background": ["normal"], "progress": False}
    filled = RebalancedDataset(data, FakeSynthesizer(), **wish, bank=tmp_path / "bank")
    loader = DataLoader(filled, batch_size=None, num_workers=1, multiprocessing_context="spawn")
    assert [torch.equal(item["image"], filled[i]["image"]) for i, item in enumerate(loader)] == [True] * 8


def test_what_the_caller_states_wins_over_the_header(tmp_path: Path) -> None:
    data = FolderDataset(collection(tmp_path), patient_of=dicom_patient)
    wish: dict[str, Any] = {"lesions": {"rare": "nodule"}, "background": ["normal"], "progress": False}
    ours = plan_rebalancing(data, FakeSynthesizer(), **wish)
    theirs = plan_rebalancing(data, FakeSynthesizer(), **wish, value_range=(0, 65535), spacing_mm=(1.0, 1.0))
    assert {s.request.source for s in ours.samples}.isdisjoint(s.request.source for s in theirs.samples)


def test_a_csv_file_may_list_dicom_files(tmp_path: Path) -> None:
    stored(tmp_path / "a.dcm", film(), PhotometricInterpretation="MONOCHROME1")
    (tmp_path / "data.csv").write_text("image,label,patient\na.dcm,0,p\n")
    data = CsvDataset(tmp_path / "data.csv", dicom=DicomSettings(values="display"))
    assert data[0]["image"].dtype == torch.uint16 and data.value_range(0) == (0, 65535)
    assert data.spacing_mm(0) is None

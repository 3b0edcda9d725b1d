"""Formats: DICOM, NIfTI and 16-bit pictures, in and out."""

from medsynth_aug.data.readers.formats.dicom import DicomImage, DicomSettings, dicom_patient, read_dicom
from medsynth_aug.data.readers.formats.dicom_statement import DicomExport
from medsynth_aug.data.readers.formats.dicom_writer import write_dicom
from medsynth_aug.data.readers.formats.nifti import NiftiImage, read_nifti, write_nifti
from medsynth_aug.data.readers.formats.picture import write_image

__all__ = [
    "DicomExport", "DicomImage", "DicomSettings", "NiftiImage", "dicom_patient", "read_dicom", "read_nifti",
    "write_dicom", "write_image", "write_nifti",
]  # fmt: skip

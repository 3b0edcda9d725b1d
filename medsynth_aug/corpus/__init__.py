"""The corpus: virtual patients, and the gate that decides what of them may be published."""

from medsynth_aug.corpus.gate import Gate, GateReport, PublishGate
from medsynth_aug.corpus.gatekeeper import Gatekeeper
from medsynth_aug.corpus.licences import Ancestry, ancestry_of
from medsynth_aug.corpus.making import make_patients
from medsynth_aug.corpus.patient import Finding, PatientImage, VirtualPatient
from medsynth_aug.corpus.population import Population
from medsynth_aug.corpus.privacy import check_privacy
from medsynth_aug.corpus.settings import LeftOut, PatientReport, PatientSettings
from medsynth_aug.corpus.sheet import patient_sheet
from medsynth_aug.corpus.store import PatientStore

__all__ = [
    "Ancestry", "Finding", "Gate", "GateReport", "Gatekeeper", "LeftOut", "PatientImage", "PatientReport",
    "PatientSettings", "PatientStore", "Population", "PublishGate", "VirtualPatient", "ancestry_of",
    "check_privacy", "make_patients", "patient_sheet",
]  # fmt: skip

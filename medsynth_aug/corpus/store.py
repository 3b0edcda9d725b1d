"""The records of virtual patients, in the bank's database beside their images."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.records import note_event
from medsynth_aug.bank.schema import patient_images, patients
from medsynth_aug.corpus.patient import VirtualPatient
from medsynth_aug.corpus.standing import as_they_stand, replaceable, shown_first
from medsynth_aug.errors import BankError

PAGE = 1000
"""How many records are read at a time."""


class PatientStore:
    """Virtual patients by id. A record is written once, when its images are stored, and never changed.

    What is read is the patient as it stands: where physicians rejected an image and approved the one that was
    made in its place, the latter is shown. `as_recorded` reads what was written.

    Args:
        bank: Holds the images.
    """

    def __init__(self, bank: SampleBank) -> None:
        self.bank, self._database = bank, bank.database

    def __contains__(self, id_: object) -> bool:
        with self._database.reading() as connection:
            return connection.execute(_record(id_)).first() is not None

    def __len__(self) -> int:
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(patients)).scalar_one()

    def add(self, patient: VirtualPatient) -> None:
        """Store a record; it is safe once this returns. The same record again changes nothing.

        Raises:
            BankError: If an image is not in the bank or derives from a real one, belongs to another patient,
                or another record has this id.
        """
        links = {digest: one.visit for one in patient.images for digest in one.chain}
        missing = sorted(links.keys() - self.bank.held(links))
        if missing:
            raise BankError(f"{patient.id} has images that are not in {self.bank.path}: {', '.join(missing)}")
        real = sorted(self.bank.derived_from_real(links))
        if real:
            raise BankError(f"{patient.id} is no virtual patient: {', '.join(real)} derive from a real image")
        self._database.transact(lambda connection: _write(connection, patient, links))

    def get(self, id_: str) -> VirtualPatient:
        """The patient of that id, as it stands.

        Raises:
            BankError: If there is none.
        """
        return as_they_stand(self._database, [self.as_recorded(id_)])[0]

    def as_recorded(self, id_: str) -> VirtualPatient:
        """The patient of that id, as it was made.

        Raises:
            BankError: If there is none.
        """
        with self._database.reading() as connection:
            found = connection.execute(_record(id_)).scalar()
        if found is None:
            raise BankError(
                f"no virtual patient {id_} in {self.bank.path}; make some with `medsynth patients`"
            )
        return VirtualPatient.from_json(found)

    def all(self) -> Iterator[VirtualPatient]:
        """Every patient as it stands, by id, a thousand in memory at a time."""
        query = select(patients.c.id, patients.c.record).order_by(patients.c.id).limit(PAGE)
        last = ""
        while True:
            with self._database.reading() as connection:
                rows = connection.execute(query.where(patients.c.id > last)).all()
            yield from as_they_stand(self._database, [VirtualPatient.from_json(row.record) for row in rows])
            if len(rows) < PAGE:
                return
            last = rows[-1].id

    def of_sample(self, digest: str) -> str | None:
        """Id of the patient whom a sample shows, be it a link of a chain, or None.

        What was made in place of a patient's image shows that patient too, where the image could be replaced.
        """
        owner = self._owner(digest)
        if owner is not None:
            return owner
        first = shown_first(self._database, digest)
        owner = self._owner(first) if first != digest else None
        if owner is None:
            return None
        return owner if first in replaceable(self.as_recorded(owner)) else None

    def _owner(self, digest: str) -> str | None:
        query = select(patient_images.c.patient).where(patient_images.c.sample == digest)
        with self._database.reading() as connection:
            return connection.execute(query).scalar()


def _record(id_: object) -> Select[Any]:
    return select(patients.c.record).where(patients.c.id == id_)


def _write(connection: Connection, patient: VirtualPatient, links: dict[str, int]) -> None:
    record = patient.to_json()
    held = connection.execute(_record(patient.id)).scalar()
    if held == record:
        return
    if held is not None:
        raise BankError(f"{patient.id} is stored already with another record; records are never changed")
    query = select(patient_images.c.sample, patient_images.c.patient).where(
        patient_images.c.sample.in_(links)
    )
    other = connection.execute(query).first()
    if other is not None:
        raise BankError(f"sample {other.sample} is an image of {other.patient} already, not of {patient.id}")
    connection.execute(patients.insert().values(id=patient.id, record=record, created_at=datetime.now(UTC)))
    connection.execute(
        patient_images.insert(),
        [{"sample": digest, "patient": patient.id, "visit": visit} for digest, visit in links.items()],
    )
    note_event(connection, "patient", patient.id)

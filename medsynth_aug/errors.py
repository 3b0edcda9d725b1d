"""Every exception of the package, in one tree.

MedsynthError
├── SettingError (ValueError)          a setting is out of its range or of the wrong type
│   ├── UnknownLesionError             no lesion of that name is registered
│   ├── LabelError                     a label, class or column is not in the data
│   └── UnknownCheckpointError         no checkpoint of that name, folder or Hub id
├── ImageError (ValueError)            pixels that cannot be used
│   ├── UnreadableFileError (OSError)  a file is missing, truncated or not an image
│   ├── GridError                      image, mask, anatomy and keep-mask are not on one grid
│   └── ValueRangeError                NaN, infinity, or values outside the stated range
├── UnwritableFileError (OSError)      a file that was asked for cannot be written
├── CheckpointError (RuntimeError)     a checkpoint is incomplete, unsafe or of the wrong layout
├── DeviceError (RuntimeError)         the device that was demanded is not there
├── SplitLeakError (ValueError)        a patient or a near-duplicate stands in two splits
├── SourceChangedError (RuntimeError)  an index of the source data set read differently twice
├── SourceNotFoundError (LookupError)  no pixels are known for a source digest
├── BankError (RuntimeError)           the bank cannot be read or written
│   ├── BankFullError (OSError)        the disk is full; what was stored before is intact
│   ├── BankReadOnlyError (OSError)    the bank's folder cannot be written
│   ├── BankUnreachableError (OSError) the database or the object store does not answer
│   ├── DamagedSampleError             stored pixels do not match their record
│   └── StrayFileError                 a file in the bank that no record names
├── ConsentError (PermissionError)     what derives from patients would leave this machine
├── ProducerError (RuntimeError)       the process that makes samples on the fly failed
├── PlanError (ValueError)             a rebalancing plan cannot be made as asked
├── PublishError (RuntimeError)         a data set cannot be published as asked
│   ├── HubAccessError (PermissionError) the Hub knows no token, or it may not do this
│   ├── HubNotFoundError (LookupError)  the Hub has no such repository, revision or file
│   ├── HubConflictError                somebody else changed the repository meanwhile
│   └── HubUnreachableError (OSError)   the Hub does not answer, or answers that it cannot now
├── SyncError (RuntimeError)           a bank and a Supabase project cannot be brought together
│   ├── SyncAccessError (PermissionError) the project knows no such key or user, or it may not do this
│   ├── SyncConflictError              the project holds something else under the same name
│   ├── ForkedBankError                a copy of the bank, or its lost later state, was synced before
│   └── SyncUnreachableError (OSError) the project does not answer, or answers that it cannot now
├── StudyError (ValueError)            the files of a reader study do not fit together
└── ConformanceError (AssertionError)  a synthesizer or a lesion breaks a guarantee
"""


class MedsynthError(Exception):
    """The root: catch this to catch everything that medsynth-aug raises on purpose."""


class SettingError(MedsynthError, ValueError):
    """A setting is out of its range or of the wrong type."""


class UnknownLesionError(SettingError):
    """No lesion of that name is registered."""


class LabelError(SettingError):
    """A label, class or column is not in the data."""


class UnknownCheckpointError(SettingError):
    """No checkpoint of that name, folder or Hub id was found."""


class ImageError(MedsynthError, ValueError):
    """Pixels that cannot be used."""


class UnreadableFileError(ImageError, OSError):
    """A file is missing, truncated or not an image."""


class GridError(ImageError):
    """Image, mask, anatomy and keep-mask are not on one pixel grid."""


class ValueRangeError(ImageError):
    """NaN, infinity, or values outside the stated range."""


class UnwritableFileError(MedsynthError, OSError):
    """A file that was asked for cannot be written."""


class CheckpointError(MedsynthError, RuntimeError):
    """A checkpoint is incomplete, unsafe or of the wrong layout."""


class DeviceError(MedsynthError, RuntimeError):
    """The device that was demanded is not there."""


class SplitLeakError(MedsynthError, ValueError):
    """A patient or a near-duplicate stands in two splits."""


class SourceChangedError(MedsynthError, RuntimeError):
    """An index of the source data set read differently twice."""


class SourceNotFoundError(MedsynthError, LookupError):
    """No pixels are known for a source digest."""


class BankError(MedsynthError, RuntimeError):
    """The bank cannot be read or written."""


class BankFullError(BankError, OSError):
    """The disk is full; what was stored before is intact."""


class BankReadOnlyError(BankError, OSError):
    """The bank's folder cannot be written."""


class BankUnreachableError(BankError, OSError):
    """The database or the object store does not answer."""


class DamagedSampleError(BankError):
    """Stored pixels do not match their record."""


class StrayFileError(BankError):
    """A file in the bank that no record names."""


class ConsentError(MedsynthError, PermissionError):
    """What derives from real patients would leave this machine without the user's consent."""


class ProducerError(MedsynthError, RuntimeError):
    """The process that makes samples on the fly failed."""


class PlanError(MedsynthError, ValueError):
    """A rebalancing plan cannot be made as asked."""


class PublishError(MedsynthError, RuntimeError):
    """A data set cannot be published as asked."""


class HubAccessError(PublishError, PermissionError):
    """The Hub knows no token, or this one may not do what was asked."""


class HubNotFoundError(PublishError, LookupError):
    """The Hub has no such repository, revision or file."""


class HubConflictError(PublishError):
    """Somebody else changed the repository meanwhile, or a name is taken."""


class HubUnreachableError(PublishError, OSError):
    """The Hub does not answer, or answers that it cannot now."""


class SyncError(MedsynthError, RuntimeError):
    """A bank and a Supabase project cannot be brought together as asked."""


class SyncAccessError(SyncError, PermissionError):
    """The project knows no such key or user, or that one may not do what was asked."""


class SyncConflictError(SyncError):
    """The project holds something else under the same name."""


class ForkedBankError(SyncError):
    """The project heard news of this bank that this bank does not hold: it was copied, or restored."""


class SyncUnreachableError(SyncError, OSError):
    """The project does not answer, or answers that it cannot now."""


class StudyError(MedsynthError, ValueError):
    """The files of a reader study do not fit together: changed, missing, or of another study."""


class ConformanceError(MedsynthError, AssertionError):
    """A synthesizer or a lesion breaks a guarantee that `medsynth_aug.testing` checks."""

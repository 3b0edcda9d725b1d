"""The builder that turns a corpus into a data set of `datasets`, one configuration at a time."""

from collections.abc import Iterator, Sequence
from typing import Any

import datasets

from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis.digest import digest_json
from medsynth_huggingface.corpus import Corpus
from medsynth_huggingface.features import CONFIGS, DEFAULT, READER_STUDY, features_of
from medsynth_huggingface.rows import image_row, study_rows
from medsynth_huggingface.splits import SPLITS, SplitShares

LAYOUT = "1.0.0"
"""Version of the columns."""


class VirtualPatients(datasets.GeneratorBasedBuilder):
    """Virtual patients as a data set: make one, then `download_and_prepare()` and `as_dataset()`.

    Args:
        corpus: What it holds.
        config_name: "images" (default), "masks", "boxes" or "reader-study".
        shares: Shares of the splits; the reader study is one split, "test".
        classes: Names of the classes in the order of their numbers; the corpus's own by default. May hold
            more than occur.
        cache_dir: Where it is prepared; the cache of `datasets` by default.

    Raises:
        SettingError: If a class of the corpus is not among `classes`, there is no such configuration, or no
            reader study.
    """

    BUILDER_CONFIGS = [  # noqa: RUF012 -- read by `datasets`
        datasets.BuilderConfig(name=name, version=datasets.Version(LAYOUT), description=text)
        for name, text in CONFIGS.items()
    ]
    DEFAULT_CONFIG_NAME = DEFAULT
    DEFAULT_WRITER_BATCH_SIZE = 32

    def __init__(
        self,
        corpus: Corpus,
        config_name: str = DEFAULT,
        *,
        shares: SplitShares | None = None,
        classes: Sequence[str] | None = None,
        cache_dir: str | None = None,
    ) -> None:
        if config_name not in CONFIGS:
            raise SettingError(f"there is no configuration {config_name!r}; choose from {', '.join(CONFIGS)}")
        if config_name == READER_STUDY and not corpus.answers:
            raise SettingError("the corpus has no reader study; run one, or leave out this configuration")
        self.corpus = corpus
        self.shares = shares or SplitShares()
        self.classes = tuple(classes or corpus.classes)
        unknown = sorted(set(corpus.classes) - set(self.classes))
        if unknown:
            raise SettingError(
                f"classes lacks {', '.join(unknown)}, which the corpus has; add them at its end"
            )
        held = digest_json([corpus.digest, list(self.classes), self.shares.train, self.shares.validation])
        super().__init__(
            cache_dir=cache_dir, dataset_name="virtual_patients", config_name=config_name, hash=held
        )

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(
            description=self.config.description,
            features=features_of(self.config.name, self.classes),
            license=self.corpus.license,
        )

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        if self.config.name == READER_STUDY:
            return [datasets.SplitGenerator(name="test", gen_kwargs={"split": None})]
        held = {self.shares.split_of(patient.id) for patient in self.corpus.patients}
        return [
            datasets.SplitGenerator(name=split, gen_kwargs={"split": split})
            for split in SPLITS
            if split in held
        ]

    def _generate_examples(self, split: str | None) -> Iterator[tuple[int, dict[str, Any]]]:
        if split is None:
            yield from enumerate(study_rows(self.corpus))
            return
        chosen = [pair for pair in self.corpus if self.shares.split_of(pair[0].id) == split]
        for number, (patient, image) in enumerate(chosen):
            yield number, image_row(self.corpus, patient, image, self.config.name)

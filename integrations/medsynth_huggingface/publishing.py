"""Publishes a corpus to the Hugging Face Hub: through the gate, in one commit, under a tag."""

import tempfile
from dataclasses import replace
from pathlib import Path

from huggingface_hub import CommitInfo, CommitOperationAdd, CommitOperationDelete, HfApi

from medsynth_aug.corpus import Gate
from medsynth_aug.errors import HubConflictError, PublishError, SettingError
from medsynth_huggingface import card
from medsynth_huggingface.corpus import Corpus
from medsynth_huggingface.dry_run import write_dry_run
from medsynth_huggingface.features import CONFIGS
from medsynth_huggingface.hub import hub_errors, open_api, open_repository
from medsynth_huggingface.manifest import Manifest
from medsynth_huggingface.published import KIND, fetch, manifest_at
from medsynth_huggingface.report import PublishReport
from medsynth_huggingface.revision import nothing_passes, reasons, stage_next
from medsynth_huggingface.settings import PublishSettings
from medsynth_huggingface.staging import Staged


def push_virtual_patients(
    corpus: Corpus,
    repo_id: str,
    *,
    gate: Gate,
    settings: PublishSettings | None = None,
    dry_run: str | Path | None = None,
) -> PublishReport:
    """Publish what passes the gate as one revision of a data set on the Hub.

    If the gate refuses every image and the Hub has some, the revision withdraws them: it holds none. Where
    they were withdrawn before, nothing is sent.

    Everything is written to a folder first and looked over, then sent in one commit: nobody sees half of it.
    An upload that broke off goes on when the same is run again, since the Hub keeps the files that came
    whole. The gate is asked again just before the commit: an approval that was revoked meanwhile stops it.

    Args:
        corpus: What is to be published; images that the gate refuses are left out and named in the report.
        repo_id: ORGANISATION/NAME.
        gate: Decides which samples may leave.
        settings: How.
        dry_run: A new folder that gets what would be sent; nothing leaves. What is published is read, with a
            token or without; where it cannot be, the folder holds a first revision.

    Raises:
        PublishError: If the gate refuses every image and nothing was ever published;
            if it refuses meanwhile what it had let pass; if the repository is public and is to be private or
            the other way round; if more than a tenth of what is published would go, although no review took
            it back and `settings.withdraw` is not set; if a text must not leave; or if the Hub refuses (its
            kinds).
        SettingError: If the name is none, or the folder of the dry run exists.
        UnwritableFileError: If the folder, or the one for what is sent, cannot be written.
    """
    settings = settings or PublishSettings()
    if repo_id.count("/") != 1 or not all(repo_id.split("/")):
        raise SettingError(f"{repo_id!r} is no name on the Hub; write ORGANISATION/NAME")
    judged = gate.check(corpus.digests)
    left_out = tuple((digest, reason) for digest, reason in judged.refused)
    held = corpus.only(judged.passed)
    if not corpus.digests:
        raise nothing_passes(left_out)
    if dry_run is not None:
        return write_dry_run(held, repo_id, settings, Path(dry_run), left_out)
    with tempfile.TemporaryDirectory(prefix="medsynth-publish-") as folder:
        return _Push(open_api(), repo_id, settings, gate).run(held, Path(folder), left_out)


class _Push:
    """One revision on its way, with the client, the repository and the gate that its steps need."""

    def __init__(self, api: HfApi, repo_id: str, settings: PublishSettings, gate: Gate) -> None:
        self.api, self.repo_id, self.settings, self.gate = api, repo_id, settings, gate
        self.doing = f"publish to {repo_id}"

    def run(self, corpus: Corpus, folder: Path, left_out: tuple[tuple[str, str], ...]) -> PublishReport:
        """Stage, send, read back, tag."""
        with hub_errors(self.doing):
            if not corpus.digests and not self._is_published():
                raise nothing_passes(left_out)
            head, previous = self._open()
            staged = stage_next(corpus, folder / "staged", self.repo_id, self.settings, previous, left_out)
            if previous is not None and staged.manifest.holds_the_same_as(previous):
                return self._left_as_it_is(staged, previous, head, left_out)
            self._check_tag(staged.manifest.tag)
            sent = self._send(staged, head, corpus.digests, frozenset(previous.files if previous else ()))
            commit, was_repaired = self._read_back(staged.card, sent.oid, sent.pr_revision)
            if not self.settings.create_pr:
                self._tag(staged.manifest.tag, commit, staged.manifest)
        tag = "" if self.settings.create_pr else staged.manifest.tag
        return self._report(
            staged, tag, left_out, commit=commit, pull_request=sent.pr_url or "", repaired=was_repaired
        )

    def _left_as_it_is(
        self, staged: Staged, previous: Manifest, head: str, left_out: tuple[tuple[str, str], ...]
    ) -> PublishReport:
        """Nothing is new, but an earlier push may have ended before card and tag were right."""
        tag = self.settings.tag or previous.tag
        is_tagged = self._is_tagged(tag, staged.manifest)
        commit, was_repaired = self._read_back(staged.card, head, None)
        if not (is_tagged or self.settings.create_pr):
            self._tag(tag, commit, staged.manifest)
        report = self._report(staged, tag, left_out, commit=commit, changed=False, repaired=was_repaired)
        return replace(report, added=0, withdrawn=())

    def _report(
        self, staged: Staged, tag: str, left_out: tuple[tuple[str, str], ...], *, commit: str,
        changed: bool = True, pull_request: str = "", repaired: bool = False,
    ) -> PublishReport:  # fmt: skip
        last = staged.manifest.changes[-1]
        return PublishReport(
            repo_id=self.repo_id, files=staged.files, images=len(staged.manifest.images), tag=tag,
            commit=commit, changed=changed, left_out=left_out, added=last.added, withdrawn=last.withdrawn,
            pull_request=pull_request, repaired=repaired,
        )  # fmt: skip

    def _is_published(self) -> bool:
        """Whether the Hub has a revision, be it one without images; makes nothing there."""
        there = self.api.repo_exists(self.repo_id, repo_type=KIND)
        return there and manifest_at(self.api, self.repo_id, "main") is not None

    def _open(self) -> tuple[str, Manifest | None]:
        """Make the repository if there is none; its newest commit and the manifest there."""
        head = open_repository(self.api, self.repo_id, KIND, private=self.settings.private)
        return head, manifest_at(self.api, self.repo_id, head)

    def _check_tag(self, tag: str) -> None:
        if not self.settings.create_pr and tag in self._tags():
            raise HubConflictError(f"{self.repo_id} has a tag {tag} already; choose another with tag=")

    def _tags(self) -> dict[str, str]:
        """Name of each tag -> its commit."""
        refs = self.api.list_repo_refs(self.repo_id, repo_type=KIND)
        return {one.name: one.target_commit for one in refs.tags}

    def _is_tagged(self, tag: str, wanted: Manifest) -> bool:
        """Whether the tag is there; raises if it is and names a revision that holds something else."""
        commit = self._tags().get(tag)
        if commit is None:
            return False
        held = manifest_at(self.api, self.repo_id, commit)
        if held is None or not held.holds_the_same_as(wanted):
            raise HubConflictError(
                f"the tag {tag} of {self.repo_id} names another revision ({commit[:8]}), which does not hold "
                "this; choose another with tag="
            )
        return True

    def _send(
        self, staged: Staged, head: str, digests: tuple[str, ...], before: frozenset[str]
    ) -> CommitInfo:
        """One commit: what is new, and without the tables and the other files of the revision before.

        Large files go first, where nobody sees them, so that the gate is asked last.
        """
        names = staged.files
        there = self.api.list_repo_files(self.repo_id, repo_type=KIND, revision=head)
        ours = [one for one in there if one in before or one.split("/")[0] in CONFIGS]
        gone = [one for one in ours if one not in names]
        new = [CommitOperationAdd(one, staged.folder / one) for one in names]
        create_pr = self.settings.create_pr
        self.api.preupload_lfs_files(
            self.repo_id, new, repo_type=KIND, create_pr=create_pr, free_memory=False
        )
        self._check_again(digests)
        return self.api.create_commit(
            self.repo_id,
            [*(CommitOperationDelete(one) for one in gone), *new],
            commit_message=f"Publish {staged.manifest.changes[-1]}",
            repo_type=KIND,
            create_pr=create_pr,
            parent_commit=head,
        )

    def _check_again(self, digests: tuple[str, ...]) -> None:
        """Raise if the gate refuses by now what it let pass before everything was written and sent."""
        refused = self.gate.check(digests).refused
        if refused:
            raise PublishError(
                f"the gate refuses by now what it let pass at first ({reasons(refused)}), so nothing was "
                "published; run the same again: what it refuses is left out then"
            )

    def _read_back(self, sent: str, commit: str, pull_request: str | None) -> tuple[str, bool]:
        """Read the card where it arrived and put right what load_dataset needs; the commit it is right at."""
        found = fetch(self.api, self.repo_id, card.FILE, commit).decode()
        right = card.repaired(found, sent)
        if right is None:
            return commit, False
        done = self.api.create_commit(
            self.repo_id,
            [CommitOperationAdd(card.FILE, right.encode())],
            commit_message="Repair the card",
            repo_type=KIND,
            revision=pull_request,
        )
        return done.oid, True

    def _tag(self, tag: str, commit: str, held: Manifest) -> None:
        if not self._is_tagged(tag, held):
            self.api.create_tag(self.repo_id, tag=tag, revision=commit, repo_type=KIND)

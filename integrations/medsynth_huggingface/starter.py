"""Publishes the starter checkpoint as a model on the Hub; other weights may hold patients and stay home."""

from pathlib import Path

from medsynth_aug.diffusion.checkpoint import STARTER
from medsynth_aug.errors import ConsentError
from medsynth_huggingface.hub import hub_errors, open_api, open_repository
from medsynth_huggingface.leaks import check_folder
from medsynth_huggingface.report import PublishReport

_KIND = "model"


def push_starter(
    repo_id: str, *, checkpoint: str | Path = "starter", private: bool = True, create_pr: bool = False
) -> PublishReport:
    """Publish the starter that ships with the package, with its card, notices and training index.

    Args:
        repo_id: ORGANISATION/NAME.
        checkpoint: "starter"; anything else is refused for now.
        private: Whether only members of the organisation see it.
        create_pr: Propose it as a pull request.

    Raises:
        ConsentError: If other weights are asked for.
        PublishError: If the repository is public and is to be private or the other way round, or the Hub
            refuses (its kinds).
        SettingError: If the name is none.
    """
    if checkpoint != "starter" and Path(checkpoint).resolve() != STARTER.resolve():
        raise ConsentError(
            f"{checkpoint} is not the starter; weights that were fitted to patients can give them back, so "
            "only the starter is published. Share others yourself where your patients' consent covers it"
        )
    check_folder(STARTER)
    with hub_errors(f"publish the starter to {repo_id}"):
        api = open_api()
        before = open_repository(api, repo_id, _KIND, private=private)
        done = api.upload_folder(
            repo_id=repo_id, folder_path=STARTER, repo_type=_KIND, create_pr=create_pr,
            commit_message="Publish the starter checkpoint", ignore_patterns=["**/__pycache__/**"],
        )  # fmt: skip
    files = sorted(one.relative_to(STARTER).as_posix() for one in STARTER.rglob("*") if one.is_file())
    return PublishReport(
        repo_id=repo_id, files=tuple(files), images=0, commit=done.oid, changed=done.oid != before,
        pull_request=done.pr_url or "",
    )  # fmt: skip

"""Talking to the Hub: the user's own login, and its errors in our words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
)

from medsynth_aug.errors import (
    HubAccessError,
    HubConflictError,
    HubNotFoundError,
    HubUnreachableError,
    MedsynthError,
    PublishError,
    SettingError,
)
from medsynth_aug.version import __version__

_LOGIN = "log in with `hf auth login`, or set HF_TOKEN to a token with write access"
_ASKING = {True: "with private=True (without --public)", False: "with private=False (--public)"}


def open_api() -> HfApi:
    """The Hub's client with the token of the user's login or environment; we take none from anywhere else.

    Raises:
        HubAccessError: If there is no token.
    """
    if not get_token():
        raise HubAccessError(f"there is no token for the Hub; {_LOGIN}")
    return HfApi(library_name="medsynth-aug", library_version=__version__)


def open_repository(api: HfApi, repo_id: str, kind: str, *, private: bool) -> str:
    """Make a repository if there is none; its newest commit.

    Whom an existing one is shown to is its owner's decision and is never changed here.

    Args:
        api: The Hub's client.
        repo_id: Organisation and name.
        kind: "dataset" or "model".
        private: Whether only members of the organisation are to see it.

    Raises:
        PublishError: If there is one that is public and is to be private, or the other way round.
    """
    api.create_repo(repo_id, repo_type=kind, private=private, exist_ok=True)
    info = api.repo_info(repo_id, repo_type=kind)
    if info.private is not None and info.private != private:
        there, asked = ("private", "public") if info.private else ("public", "private")
        raise PublishError(
            f"{repo_id} is {there}, and private={private} was asked for, so nothing was published; make it "
            f"{asked} in its settings on the Hub, or publish {_ASKING[info.private]}"
        )
    assert info.sha is not None
    return info.sha


@contextmanager
def hub_errors(doing: str) -> Iterator[None]:
    """Turn what the Hub's client raises into our errors, without addresses, headers or tokens in them.

    Args:
        doing: What was being done, for example "publish to org/name".

    Raises:
        PublishError: One of its kinds.
        SettingError: If the name of the repository is none.
    """
    try:
        yield
    except MedsynthError:
        raise
    except HFValidationError as problem:
        raise SettingError(f"cannot {doing}: {scrubbed(str(problem))}; write ORGANISATION/NAME") from None
    except (HTTPError, RuntimeError, OSError, ValueError) as problem:
        translated = _translated(problem, doing)
        if translated is None:
            raise
        raise translated from None


def scrubbed(text: str) -> str:
    """A text without the token and without what stands behind the question mark of an address."""
    token = get_token()
    text = text.replace(token, "***") if token else text
    return re.sub(r"(https?://[^\s?]+)\?\S*", r"\1", re.sub(r"\bhf_[A-Za-z0-9]{8,}", "hf_***", text))


def _translated(problem: BaseException, doing: str) -> PublishError | None:
    """Our error for one of the client's or of what it was caused by; None if the Hub has no part in it."""
    chain = list(_causes(problem))
    answered = next((one for one in chain if isinstance(one, HfHubHTTPError)), None)
    if answered is not None:
        return _answered(answered, doing)
    if any(isinstance(one, LocalTokenNotFoundError) for one in chain):
        return HubAccessError(f"cannot {doing}: there is no token for the Hub; {_LOGIN}")
    if any(isinstance(one, OfflineModeIsEnabled) for one in chain):
        return HubUnreachableError(f"cannot {doing}: HF_HUB_OFFLINE is set; unset it to publish")
    if any(isinstance(one, HTTPError) for one in chain):
        return HubUnreachableError(
            f"cannot {doing}: the connection to the Hub failed ({type(chain[-1]).__name__}); what was "
            "uploaded whole stays there: run the same again and it goes on"
        )
    if "xet" in type(chain[-1]).__module__ or any("Error while uploading" in str(one) for one in chain):
        return HubUnreachableError(f"cannot {doing}: an upload failed; run the same again and it goes on")
    return None


def _causes(problem: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = problem
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _answered(problem: HfHubHTTPError, doing: str) -> PublishError:
    status = problem.response.status_code
    code = problem.response.headers.get("X-Error-Code") or ""
    if status == 401 and code != "RepoNotFound":
        return HubAccessError(f"cannot {doing}: the Hub does not accept the token (401); {_LOGIN}")
    if status == 403:
        return HubAccessError(
            f"cannot {doing}: the token may not do this (403); use a token with write access to that "
            "organisation, or ask its owner"
        )
    if status in (401, 404):
        return HubNotFoundError(
            f"cannot {doing}: the Hub has no such repository, revision or file, or the token may not see it "
            f"({status}); check the name and {_LOGIN}"
        )
    if status == 409:
        return HubConflictError(
            f"cannot {doing}: the name is taken or another change is under way (409); look at the "
            "repository, then run the same again"
        )
    if status == 412:
        return HubConflictError(
            f"cannot {doing}: somebody else changed the repository meanwhile (412), so nothing was "
            "published; run the same again on what is there now"
        )
    if status == 429 or status >= 500:
        return HubUnreachableError(
            f"cannot {doing}: the Hub answers {status}; what was uploaded whole stays there: run the same "
            "again later and it goes on"
        )
    said = scrubbed(problem.server_message or "no reason given")
    return PublishError(f"cannot {doing}: the Hub refuses it ({status}): {said}")

"""Supabase: share approved virtual patients, reviews and the progress of runs with a team.

Imports only go down: command, corpora → sync → watching → pulling, pushing → project, state.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medsynth_supabase.corpora import SharedCorpus, share_corpus
    from medsynth_supabase.project.naming import Names, new_key
    from medsynth_supabase.project.project import Project
    from medsynth_supabase.project.settings import SyncSettings
    from medsynth_supabase.pulling.report import PullReport
    from medsynth_supabase.pushing.report import PushReport
    from medsynth_supabase.sync import SupabaseSync

_HOMES = {
    "Names": "project.naming", "Project": "project.project", "PullReport": "pulling.report",
    "PushReport": "pushing.report", "SharedCorpus": "corpora", "SupabaseSync": "sync",
    "SyncSettings": "project.settings", "new_key": "project.naming", "share_corpus": "corpora",
}  # fmt: skip
"""Where each public name lives; it is loaded at its first use, so that the command line stays quick."""

__all__ = [
    "Names", "Project", "PullReport", "PushReport", "SharedCorpus", "SupabaseSync", "SyncSettings", "new_key",
    "share_corpus",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

"""The `medsynth` command: one file a command, each importing what is heavy only when it runs."""

from medsynth_aug.cli.app import main

__all__ = ["main"]

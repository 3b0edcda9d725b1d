"""Lets `python -m medsynth_aug.cli` stand for the `medsynth` command."""

from medsynth_aug.cli.app import main

main()

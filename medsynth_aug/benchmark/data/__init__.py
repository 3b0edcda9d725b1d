"""Data: how fast samples are served, planned, stored and shared out, each against a stated goal."""

from medsynth_aug.benchmark.data.films import FilmSet, write_film_sets
from medsynth_aug.benchmark.data.run import run_data_benchmark
from medsynth_aug.benchmark.data.settings import PARTS, DataSettings
from medsynth_aug.benchmark.data.tables import as_data_table

__all__ = ["PARTS", "DataSettings", "FilmSet", "as_data_table", "run_data_benchmark", "write_film_sets"]

"""Benchmark: our engine against stock diffusers on the same weights, hardware and lesions, in one process."""

from medsynth_aug.benchmark.report import as_table, write_report
from medsynth_aug.benchmark.run import run_benchmark
from medsynth_aug.benchmark.settings import BenchmarkSettings
from medsynth_aug.benchmark.source import benchmark_source

__all__ = ["BenchmarkSettings", "as_table", "benchmark_source", "run_benchmark", "write_report"]

"""Pictures with their truth: what a folder holds, found by itself, and one way to read it."""

from __future__ import annotations

from segcli.files.datasets.dataset import DataSet
from segcli.files.datasets.example import Example, Finding, Sample
from segcli.files.datasets.find import find_dataset

__all__ = ["DataSet", "Example", "Finding", "Sample", "find_dataset"]

"""What the tests share. They run against the installed package, from anywhere in the repository."""

from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def sample() -> Path:
    """The run that comes with the repository: 3-bit flip-flop, 16 vanilla units."""
    return REPOSITORY / "traces" / "sample"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260722)


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")

"""Two GPT-2s that several files of tests share."""

import pytest
from gpt2_checkpoints import random_network, write_folder

from boltzmann.language import GPT2


@pytest.fixture(scope="module")
def tiny():
    return GPT2.load("tiny")


@pytest.fixture
def small(tmp_path):
    """A model whose window is 24 tokens."""
    return GPT2.load(write_folder(tmp_path / "model", *random_network(5)))

"""What several files of tests share: two GPT-2s, and the explorer in a browser."""

import signal

import pytest

from boltzmann.language import GPT2
from tests.support.explorer_page import browser, html, visit  # noqa: F401
from tests.support.gpt2_checkpoints import random_network, write_folder


def pytest_configure():
    """Let tests interrupt processes that they start.

    A shell starts background jobs with SIGINT ignored, and what is ignored stays so in children.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def tiny():
    return GPT2.load("tiny")


@pytest.fixture
def small(tmp_path):
    """A model whose window is 24 tokens."""
    return GPT2.load(write_folder(tmp_path / "model", *random_network(5)))

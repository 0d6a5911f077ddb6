"""Every number of the training."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """The shape of the network and the schedule of its training."""

    tokens: int = 1024
    window: int = 256
    width: int = 128
    heads: int = 4
    layers: int = 4
    dropout: float = 0.2  # of the embeddings, of attention, and of what each layer adds
    weight_decay: float = 0.1
    # At its highest, after the warm-up; then down a cosine to a twentieth.
    learning_rate: float = 1e-3
    warm_up: int = 100  # steps
    batch: int = 8  # windows a step
    steps: int = 1300
    every: int = 50  # steps between two measurements on the held-out text
    held_out: float = 0.1
    seed: int = 0

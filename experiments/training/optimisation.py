"""The training itself: AdamW on windows of the corpus, by PyTorch."""

from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from experiments.training.config import Config
from experiments.training.data import paragraph_starts, windows
from experiments.training.network import Network

Losses = list[tuple[int, float, float]]  # step, loss on training windows, loss on held-out text


def trained_weights(
    tokenizer: Any, training: str, held_out: str, config: Config
) -> tuple[dict[str, np.ndarray], Losses]:
    """Return the weights as float16, and the losses on the way, in nats per token."""
    torch.set_num_threads(1)  # sums in one order, on any machine
    torch.manual_seed(config.seed)
    generator = np.random.default_rng(config.seed)
    encoded = tokenizer.encode(training)
    ids = np.array(encoded.ids)
    held_out_ids = np.array(tokenizer.encode(held_out).ids)
    starts = paragraph_starts(training, encoded, config.window)
    network = Network(
        config.tokens, config.window, config.width, config.heads, config.layers, config.dropout
    )
    optimiser = _optimiser(network, config)

    losses: Losses = []
    recent: list[float] = []
    bar = tqdm(range(config.steps), unit="step")
    for step in bar:
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, config)
        recent.append(_step(network, optimiser, windows(ids, starts, config, generator)))
        if (step + 1) % config.every == 0:
            held_out_loss = _held_out_loss(network, held_out_ids, config.window)
            losses.append((step + 1, float(np.mean(recent)), held_out_loss))
            recent.clear()
            bar.set_postfix(training=losses[-1][1], held_out=held_out_loss)
    arrays = {name: array.numpy() for name, array in network.state_dict().items()}
    return {name: array.astype(np.float16) for name, array in arrays.items()}, losses


def learning_rate(step: int, config: Config) -> float:
    """Return the rate at a step: a warm-up, and a cosine that ends at a twentieth."""
    cosine = 0.5 * (1 + np.cos(np.pi * step / config.steps))
    return config.learning_rate * min(1, (step + 1) / config.warm_up) * (0.05 + 0.95 * cosine)


def _optimiser(network: Network, config: Config) -> torch.optim.Optimizer:
    """Return AdamW; weights decay, biases and norms do not."""
    matrices = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim == 1]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.99))


def _loss(network: Network, batch: np.ndarray) -> torch.Tensor:
    """Return the mean loss of the predictions in a batch of windows, (batch, window + 1)."""
    x = torch.from_numpy(batch)
    logits = network(x[:, :-1])  # (batch, window, tokens)
    return cross_entropy(logits.flatten(0, 1), x[:, 1:].flatten())


def _step(network: Network, optimiser: torch.optim.Optimizer, batch: np.ndarray) -> float:
    """Take one step down the gradient, clipped at norm 1; return the loss before it."""
    loss = _loss(network, batch)
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    return loss.item()


def _held_out_loss(network: Network, ids: np.ndarray, window: int) -> float:
    """Return the loss per token of a text (n,) in windows that do not overlap."""
    network.eval()
    with torch.no_grad():
        starts = range(0, ids.size - 1, window)
        parts = [ids[None, k : k + window + 1] for k in starts]
        total = sum(_loss(network, part).item() * (part.size - 1) for part in parts)
    network.train()
    return total / (ids.size - 1)

"""Train the small GPT-2 that ships with the package: `python -m experiments.training`.

It needs `pip install 'boltzmann[train]'`, one core and a quarter of an hour. The last tenth of the
corpus is held out: neither the vocabulary nor the weights learn from it. Training goes on to the
end of its schedule, where that text has long become neither easier nor harder to predict: meanwhile
what the model writes becomes more like the corpus. A model card beside the checkpoint records what
was done and what came of it.

Half of the windows that are learned from begin where a paragraph does, after the token that begins
a text. It is never to be predicted, so that a text never ends.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from boltzmann.language import GPT2, NGram, generate, load_corpus

TINY = Path(__file__).resolve().parents[2] / "boltzmann" / "data" / "tiny_gpt2"
END_OF_TEXT = "<|endoftext|>"


@dataclass(frozen=True)
class Config:
    """Every number of the training."""

    tokens: int = 1024
    window: int = 256
    width: int = 128
    heads: int = 4
    layers: int = 4
    dropout: float = 0.2  # of the embeddings, of attention, and of what each layer adds
    weight_decay: float = 0.1
    learning_rate: float = (
        1e-3  # at its highest, after the warm-up; then down a cosine to a twentieth
    )
    warm_up: int = 100  # steps
    batch: int = 8  # windows a step
    steps: int = 1300
    every: int = 50  # steps between two looks at the held-out text
    held_out: float = 0.1
    seed: int = 0


def main() -> None:
    """Train, and write the checkpoint and its card."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.training", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "--output", metavar="DIR", type=Path, default=TINY, help="by default the folder that ships"
    )
    parser.add_argument("--steps", type=int, default=Config.steps)
    parser.add_argument("--seed", type=int, default=Config.seed)
    options = parser.parse_args()
    config = Config(steps=options.steps, seed=options.seed)
    options.output.mkdir(parents=True, exist_ok=True)
    training, held_out = split(load_corpus(), config.held_out)
    tokenizer = trained_tokenizer(training, config.tokens)
    tokenizer.save(str(options.output / "tokenizer.json"))
    weights, losses = trained_weights(tokenizer, training, held_out, config)
    save(weights, config, options.output)
    (options.output / "README.md").write_text(
        card(options.output, training, held_out, losses, config)
    )


def split(text: str, share: float) -> tuple[str, str]:
    """Return a text in two, cut before the paragraph in which its last `share` begins or after it."""
    cut = text.index("\n\n", int((1 - share) * len(text))) + 2
    return text[:cut], text[cut:]


def trained_tokenizer(text: str, tokens: int) -> Any:
    """Return a byte-level BPE of so many tokens, the one between texts the last."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=tokens - 1, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([text], trainer)
    tokenizer.add_special_tokens([END_OF_TEXT])
    return tokenizer


def windows(
    ids: np.ndarray, starts: np.ndarray, config: Config, generator: np.random.Generator
) -> np.ndarray:
    """Return a batch of windows of one token more than the network sees, (batch, window + 1)."""
    places = generator.integers(0, ids.size - config.window, config.batch)
    begins = generator.random(config.batch) < 0.5
    places[begins] = generator.choice(starts, begins.sum()) - 1
    batch = ids[places[:, None] + np.arange(config.window + 1)]
    batch[begins, 0] = config.tokens - 1
    return batch


def trained_weights(
    tokenizer: Any, training: str, held_out: str, config: Config
) -> tuple[dict[str, np.ndarray], list[tuple[int, float, float]]]:
    """Return the weights as float16, and the losses on the way, in nats per token."""
    import torch
    from torch.nn.functional import cross_entropy

    from experiments.training.network import Network

    torch.set_num_threads(1)  # sums in one order, on any machine
    torch.manual_seed(config.seed)
    generator = np.random.default_rng(config.seed)
    encoded = tokenizer.encode(training)
    ids, held_out_ids = np.array(encoded.ids), np.array(tokenizer.encode(held_out).ids)
    first = {offsets[0]: place for place, offsets in enumerate(encoded.offsets)}
    paragraphs = [k + 2 for k in range(len(training)) if training.startswith("\n\n", k)]
    starts = np.array(
        [first[k] for k in paragraphs if k in first and first[k] < ids.size - config.window]
    )
    network = Network(
        config.tokens, config.window, config.width, config.heads, config.layers, config.dropout
    )
    matrices = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim == 1]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.99))

    def loss_on(batch: np.ndarray) -> Any:
        x = torch.from_numpy(batch)
        return cross_entropy(network(x[:, :-1]).flatten(0, 1), x[:, 1:].flatten())

    def held_out_loss() -> float:
        network.eval()
        with torch.no_grad():
            starts = range(0, held_out_ids.size - 1, config.window)
            parts = [held_out_ids[None, k : k + config.window + 1] for k in starts]
            total = sum(loss_on(part).item() * (part.size - 1) for part in parts)
        network.train()
        return total / (held_out_ids.size - 1)

    losses, recent = [], []
    bar = tqdm(range(config.steps), unit="step")
    for step in bar:
        cosine = 0.5 * (1 + np.cos(np.pi * step / config.steps))
        for group in optimiser.param_groups:
            group["lr"] = (
                config.learning_rate * min(1, (step + 1) / config.warm_up) * (0.05 + 0.95 * cosine)
            )
        loss = loss_on(windows(ids, starts, config, generator))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        recent.append(loss.item())
        if (step + 1) % config.every == 0:
            losses.append((step + 1, float(np.mean(recent)), held_out_loss()))
            recent.clear()
            bar.set_postfix(training=losses[-1][1], held_out=losses[-1][2])
    return {
        name: array.numpy().astype(np.float16) for name, array in network.state_dict().items()
    }, losses


def save(weights: dict[str, np.ndarray], config: Config, folder: Path) -> None:
    """Write config.json and model.safetensors."""
    from safetensors.numpy import save_file

    file = folder / "model.safetensors"
    save_file(weights, file, metadata={"format": "pt"})
    file.chmod(0o644)
    described = {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "activation_function": "gelu_new",
        "vocab_size": config.tokens,
        "n_positions": config.window,
        "n_embd": config.width,
        "n_head": config.heads,
        "n_layer": config.layers,
        "layer_norm_epsilon": 1e-5,
        "tie_word_embeddings": True,
        "bos_token_id": config.tokens - 1,
        "eos_token_id": config.tokens - 1,
        "dtype": "float16",
    }
    (folder / "config.json").write_text(json.dumps(described, indent=2) + "\n")


def card(
    folder: Path,
    training: str,
    held_out: str,
    losses: list[tuple[int, float, float]],
    config: Config,
) -> str:
    """Return the model card, measured on the checkpoint as it was written."""
    model = GPT2.load(folder)
    letters = NGram.fit(training, order=5, unknown=True)
    best = min(losses, key=lambda row: row[2])
    samples = [
        (t, PROMPT + generate(model, PROMPT, 100, t, seed=config.seed)) for t in (0.3, 0.7, 1.0)
    ]
    return CARD.format(
        model=repr(model).replace(repr(model.name), "'tiny'"),
        seed=config.seed,
        torch=version("torch"),
        steps=config.steps,
        best_step=best[0],
        best_loss=best[2],
        last_loss=losses[-1][2],
        letters=len(training),
        held_out_letters=len(held_out),
        held_out_tokens=model.encode(held_out).size,
        training_perplexity=model.perplexity(training),
        held_out_perplexity=model.perplexity(held_out),
        nats=-model.log_probability(held_out) / len(held_out),
        n_gram_nats=-letters.log_probability(held_out) / len(held_out),
        samples="\n\n".join(
            f"t = {t}:\n\n> {text.strip().replace(chr(10), f'{chr(10)}> ')}" for t, text in samples
        ),
        config="\n".join(f"| {name} | {value} |" for name, value in asdict(config).items()),
        losses="\n".join(f"| {step} | {there:.3f} | {here:.3f} |" for step, there, here in losses),
    )


PROMPT = "The fire"
CARD = """# The small GPT-2

`{model}`: the architecture of GPT-2 with a byte-level BPE of its own,
trained on the text that ships with the package, `boltzmann/data/corpus.txt`, and on nothing else. It is there to
be sampled from, at any temperature, without a download; it knows that text's words and manner, and nothing of the
world. Text and weights are under the MIT licence.

Made by `python -m experiments.training`, seed {seed}, {steps} steps on one core with PyTorch {torch},
stored as float16. The last {held_out_letters} letters of the corpus ({held_out_tokens} tokens) are held out:
neither vocabulary nor weights learned from them. The loss on them was least after step {best_step},
{best_loss:.3f} nats per token, and {last_loss:.3f} at the end. The weights are those of the end.

| measured on the checkpoint | |
|---|---|
| perplexity per token, held-out text | {held_out_perplexity:.3f} |
| perplexity per token, training text ({letters} letters) | {training_perplexity:.3f} |
| nats per letter, held-out text | {nats:.4f} |
| nats per letter, held-out text, letter 5-gram | {n_gram_nats:.4f} |

## What it writes

{samples}

## How it was trained

| setting | value |
|---|---|
{config}

AdamW, gradients clipped at norm 1. Losses in nats per token: of the training windows with dropout, averaged since
the line before, and of the held-out text in windows that do not overlap.

| step | training | held out |
|---|---|---|
{losses}
"""


if __name__ == "__main__":
    main()

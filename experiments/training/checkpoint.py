"""Writing the checkpoint in the Hugging Face layout, and its model card."""

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np

from boltzmann.language import GPT2, NGram, generate
from experiments.training.config import Config

PROMPT = "The fire"
CARD = Path(__file__).with_name("card.md")  # a template


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

    return CARD.read_text(encoding="utf-8").format(
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

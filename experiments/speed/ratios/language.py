"""Models: texts of an n-gram, fitting it, and a network of GPT-2 small's size."""

from collections.abc import Iterator
from functools import partial
from itertools import cycle

import numpy as np

from boltzmann.language import NGram, generate, load_corpus
from boltzmann.language.gpt2.layers import Config
from boltzmann.language.gpt2.network import Network
from experiments.speed.ratios.ratio import NotMeasuredError, Row, ratio

LAYERS, HEADS, WIDTH, TOKENS, WINDOW = 3, 12, 768, 50_257, 1024  # GPT-2 small has 12 such layers


def rows() -> Iterator[Row]:
    """Yield the rows of models."""
    loop = "plain loop: logits, softmax, Generator.choice"
    for length in (1000, 10_000):
        yield Row(f"generate {length} letters, V=53", loop, 1 / 8, partial(_generate, length))
    for letters in (10**6, 4 * 10**6):
        yield Row(
            f"NGram.fit {letters} letters", "one sort of packed keys", 6, partial(_fit, letters)
        )
    for texts, n in ((1, 512), (8, 128)):
        yield Row(
            f"GPT-2 small's layers, {texts} x {n} tokens", "torch", 0.9, partial(_prefill, texts, n)
        )
    yield Row("GPT-2 small's layers, a token with cache", "reading the weights", 1.1, _one_token)


def _generate(length: int) -> float:
    model = NGram.fit(load_corpus(), order=5)
    generator = np.random.default_rng(1)

    def plain_loop() -> None:
        ids = model.encode("The fire was").tolist()
        for _ in range(length):
            p = model.logits(ids) / 0.7
            p = np.exp(p - p.max())
            ids.append(int(generator.choice(p.size, p=p / p.sum())))

    return ratio(
        lambda: generate(model, "The fire was", length, 0.7, seed=generator), plain_loop, turns=5
    )


def _fit(letters: int) -> float:
    model = NGram.fit(load_corpus(), order=3)
    text = generate(model, "The", letters, 1.0)
    points = np.frombuffer(text.encode("utf-32-le"), "<u4").astype(np.int64)

    def sort() -> None:
        packed = np.zeros(points.size - 4, np.int64)
        for k in range(5):
            packed <<= 6
            packed |= points[k : k + packed.size] & 63
        packed.sort()

    return ratio(lambda: NGram.fit(text, 5), sort, turns=5)


def _weights() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    shapes = {"wte": (TOKENS, WIDTH), "wpe": (WINDOW, WIDTH), "ln_f": (WIDTH,)}
    for layer in range(LAYERS):
        shapes |= {
            f"h.{layer}.ln_1": (WIDTH,),
            f"h.{layer}.ln_2": (WIDTH,),
            f"h.{layer}.attn.c_attn": (WIDTH, 3 * WIDTH),
            f"h.{layer}.attn.c_proj": (WIDTH, WIDTH),
            f"h.{layer}.mlp.c_fc": (WIDTH, 4 * WIDTH),
            f"h.{layer}.mlp.c_proj": (4 * WIDTH, WIDTH),
        }
    weights = {}
    for name, shape in shapes.items():
        weights[f"{name}.weight"] = 0.02 * generator.standard_normal(shape, dtype=np.float32)
        weights[f"{name}.bias"] = np.zeros(shape[-1], np.float32)
    weights["lm_head.weight"] = weights["wte.weight"]
    return weights


def _prefill(texts: int, n: int) -> float:
    try:
        import torch
    except ImportError:
        raise NotMeasuredError("torch is not installed") from None
    torch.set_num_threads(1)
    weights = _weights()
    tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
    network = Network(weights, Config(LAYERS, HEADS, WIDTH, WINDOW, 1e-5))
    # Two batches by turns, so that none goes on from the cached one
    batches = cycle(np.random.default_rng(1).integers(0, TOKENS, (2, texts, n)))
    return ratio(
        lambda: network.last_logits([*next(batches)]),
        lambda: _torch_logits(torch, tensors, next(batches)),
        turns=5,
    )


def _torch_logits(torch, tensors, ids):
    """Return the logits after each text (B, n), (B, V), by torch's own layers."""
    norm, gelu = torch.nn.functional.layer_norm, torch.nn.functional.gelu
    attention = torch.nn.functional.scaled_dot_product_attention

    def affine(name, x):
        product = torch.addmm(
            tensors[f"{name}.bias"], x.reshape(-1, x.shape[-1]), tensors[f"{name}.weight"]
        )
        return product.view(*x.shape[:-1], -1)

    def normal(name, x):
        return norm(x, (WIDTH,), tensors[f"{name}.weight"], tensors[f"{name}.bias"])

    with torch.inference_mode():
        B, n = ids.shape
        x = tensors["wte.weight"][torch.from_numpy(ids)] + tensors["wpe.weight"][:n]
        for layer in range(LAYERS):
            name = f"h.{layer}"
            qkv = affine(f"{name}.attn.c_attn", normal(f"{name}.ln_1", x))
            q, k, v = qkv.view(B, n, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
            averages = attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, n, WIDTH)
            x = x + affine(f"{name}.attn.c_proj", averages)
            hidden = affine(f"{name}.mlp.c_fc", normal(f"{name}.ln_2", x))
            x = x + affine(f"{name}.mlp.c_proj", gelu(hidden, approximate="tanh"))
        return normal("ln_f", x[:, -1]) @ tensors["lm_head.weight"].T


def _one_token() -> float:
    weights = _weights()
    network = Network(weights, Config(LAYERS, HEADS, WIDTH, WINDOW, 1e-5))
    ids = np.random.default_rng(1).integers(0, TOKENS, 500)
    network.last_logits([ids[:100]])
    lengths = iter(range(101, 10**6))
    read = [array for name, array in weights.items() if name not in ("wte.weight", "wpe.weight")]

    def one_more() -> None:
        network.last_logits([ids[: next(lengths)]])

    return ratio(one_more, lambda: [array.max() for array in read], turns=9, shortest=0)

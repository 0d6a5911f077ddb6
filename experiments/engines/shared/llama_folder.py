"""A Llama of known logits, as a folder in the layout of Hugging Face."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from known_logits import Vocabulary
from safetensors.numpy import save_file

WIDTH = 64
HEADS = 2  # of 32 numbers each, the fewest that all engines take
UNKNOWN, BEGIN, END = range(3)  # ids of the control tokens
NAMES = ["<unk>", "<s>", "</s>"]
CHAT = "{% for m in messages %}{{ m['content'] }}{% endfor %}"


def write(
    folder: Path,
    vocabulary: Vocabulary,
    positions: int = 2048,
    generation: dict[str, Any] | None = None,
) -> None:
    """Write the model to a folder; `generation` becomes its generation_config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(_tensors(vocabulary), folder / "model.safetensors", metadata={"format": "pt"})
    files = {
        "config.json": _config(vocabulary, positions),
        "tokenizer.json": _tokenizer(vocabulary),
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "unk_token": NAMES[UNKNOWN],
            "bos_token": NAMES[BEGIN],
            "eos_token": NAMES[END],
            "clean_up_tokenization_spaces": False,
            "chat_template": CHAT,
        },
    }

    if generation is not None:
        files["generation_config.json"] = generation
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False))


def names(vocabulary: Vocabulary) -> list[str]:
    """Return the texts of all tokens, by id."""
    return NAMES + vocabulary.names()[len(NAMES) :]


def _config(vocabulary: Vocabulary, positions: int) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": vocabulary.size,
        "hidden_size": WIDTH,
        "intermediate_size": WIDTH,
        "num_hidden_layers": 1,
        "num_attention_heads": HEADS,
        "num_key_value_heads": HEADS,
        "head_dim": WIDTH // HEADS,
        "max_position_embeddings": positions,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": BEGIN,
        "eos_token_id": END,
        "torch_dtype": "float32",
        "use_cache": True,
    }


def _tensors(vocabulary: Vocabulary) -> dict[str, np.ndarray]:
    zero = np.zeros((WIDTH, WIDTH), dtype=np.float32)
    one = np.ones(WIDTH, dtype=np.float32)
    layer = "model.layers.0."
    attention = {f"{layer}self_attn.{name}_proj.weight": zero.copy() for name in "qkvo"}
    perceptron = {f"{layer}mlp.{name}_proj.weight": zero.copy() for name in ("gate", "up", "down")}
    norms = {f"{layer}{name}_layernorm.weight": one.copy() for name in ("input", "post_attention")}
    return {
        "model.embed_tokens.weight": vocabulary.embedding(WIDTH),
        "model.norm.weight": one,
        "lm_head.weight": vocabulary.output(WIDTH),
        **attention,
        **perceptron,
        **norms,
    }


def _tokenizer(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return a tokenizer that takes each letter for a token."""
    control = [
        {"id": token, "content": name, "special": True, "normalized": False, "single_word": False,
         "lstrip": False, "rstrip": False}
        for token, name in enumerate(NAMES)
    ]  # fmt: skip

    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": control,
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated", "invert": False
        },
        "post_processor": None,
        # as SentencePiece's are written: some engines know a tokenizer by its decoder
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {
            "type": "WordLevel",
            "vocab": {name: token for token, name in enumerate(names(vocabulary))},
            "unk_token": NAMES[UNKNOWN],
        },
    }  # fmt: skip

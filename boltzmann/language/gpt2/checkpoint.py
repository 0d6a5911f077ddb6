"""Finding and reading a GPT-2 checkpoint in the Hugging Face layout, by NumPy alone."""

import json
import os
import re
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np

from boltzmann.language.gpt2.cache import Array, Dtype
from boltzmann.language.gpt2.layers import Config, Weights

LAYOUT = "config.json, model.safetensors and tokenizer.json (or vocab.json and merges.txt)"
_FILES = ("config.json", "model.safetensors", "tokenizer.json", "vocab.json", "merges.txt")
_HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def find_folder(name_or_path: str | os.PathLike[str]) -> Traversable:
    """Return the folder of a checkpoint: the one that ships, a local one, or one from the hub.

    Raises
    ------
    ValueError
        If `name_or_path` is no name.
    OSError
        If there is no such folder and the hub cannot be reached or has no such model, or a file is
        missing.
    ImportError
        If the hub has to be asked and `huggingface_hub` is not installed.
    """
    if not isinstance(name_or_path, str | os.PathLike) or not os.fspath(name_or_path):
        raise ValueError(
            f"name_or_path must be a folder or the name of a model, got {name_or_path!r}"
        )
    folder = _locate(name_or_path)

    present = {name for name in _FILES if (folder / name).is_file()}
    has_tokenizer = "tokenizer.json" in present or {"vocab.json", "merges.txt"} <= present
    if not (has_tokenizer and {"config.json", "model.safetensors"} <= present):
        raise FileNotFoundError(
            f"{folder} holds {', '.join(sorted(present)) or 'no model'}: a GPT-2 needs {LAYOUT}"
        )
    return folder


def _locate(name_or_path: str | os.PathLike[str]) -> Traversable:
    if name_or_path == "tiny":
        return resources.files("boltzmann") / "data" / "tiny_gpt2"
    folder = Path(name_or_path)
    if folder.is_dir():
        return folder
    if isinstance(name_or_path, str) and _HUB_NAME.fullmatch(name_or_path):
        return _fetch(name_or_path)
    raise FileNotFoundError(
        f"there is no folder {str(name_or_path)!r}: a GPT-2 is a folder with {LAYOUT}"
    )


def _fetch(name: str) -> Path:
    """Return the folder of a model in the hub's own cache, fetched if it is not there."""
    instead = f"or give the path of a folder with {LAYOUT}"
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise ImportError(
            f"there is no folder {name!r}, and the Hugging Face hub needs huggingface_hub: "
            f"pip install 'boltzmann[gpt2]', {instead}"
        ) from None

    try:
        return Path(snapshot_download(name, allow_patterns=list(_FILES)))
    except Exception as error:  # the hub, its cache, HTTP and sockets each have errors of their own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise OSError(
            f"there is no folder {name!r}, and the Hugging Face hub does not give a model of that "
            f"name ({reason}): check the name and the network, {instead}"
        ) from None


def read_safetensors(path: Traversable, dtype: Dtype) -> dict[str, Array]:
    """Return the arrays of floats in a safetensors file, as `dtype`.

    The first eight bytes are the length of the header. The header is JSON, with the type, the shape
    and the place after the header of each array.

    Raises
    ------
    ValueError
        If the file is damaged or no safetensors file.
    """
    data = path.read_bytes()
    try:
        start = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:start])
        header.pop("__metadata__", None)
        return {
            name: _as_array(data, start, entry).astype(dtype)
            for name, entry in header.items()
            if entry["dtype"] in _DTYPES
        }
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"{path} is damaged or no safetensors file: {error}") from None


def _as_array(data: bytes, start: int, entry: dict[str, Any]) -> Array:
    begin, end = entry["data_offsets"]
    count = int(np.prod(entry["shape"], dtype=np.int64))
    array = np.frombuffer(data, _DTYPES[entry["dtype"]], count, start + begin)  # (count,)
    if array.nbytes != end - begin:
        raise ValueError(f"{count} numbers do not fill {end - begin} bytes")
    if entry["dtype"] == "BF16":  # the upper half of a float32
        array = (array.astype("<u4") << 16).view("<f4")
    return array.reshape(entry["shape"])


def read_network(folder: Traversable, dtype: Dtype) -> tuple[Weights, Config, int | None]:
    """Return a checkpoint's weights, its hyperparameters, and the id that begins a text.

    "lm_head.weight", the output embedding, is among the weights also where it is the same array as
    the input embedding.

    Raises
    ------
    ValueError
        If the files are damaged, do not fit one another, or are not a GPT-2's.
    """
    entries: Any = None
    try:
        entries = json.loads((folder / "config.json").read_bytes())
        config, V, inner = _read_config(entries)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{folder / 'config.json'} describes no GPT-2 that is known here: {error}"
        ) from None

    file = folder / "model.safetensors"
    weights = {
        name.removeprefix("transformer."): array
        for name, array in read_safetensors(file, dtype).items()
    }
    if entries.get("tie_word_embeddings", True) and "wte.weight" in weights:
        weights["lm_head.weight"] = weights["wte.weight"]

    for name, expected in _shapes(V, inner, config).items():
        found = weights[name].shape if name in weights else "missing"
        if found != expected:
            raise ValueError(f"{file}: {name} is {found}, and config.json asks for {expected}")

    begin_id = entries.get("bos_token_id", 50256)
    has_begin = isinstance(begin_id, int) and 0 <= begin_id < V
    return weights, config, begin_id if has_begin else None


def _read_config(entries: dict[str, Any]) -> tuple[Config, int, int]:
    """Return the hyperparameters, the vocabulary size, and the width of the feed-forward layers."""
    _refuse_variants(entries)
    V, D, layers, heads = (
        int(entries[key]) for key in ("vocab_size", "n_embd", "n_layer", "n_head")
    )
    window = int(entries["n_positions"])
    epsilon = float(entries.get("layer_norm_epsilon", 1e-5))
    if D % heads:
        raise ValueError(f"n_embd = {D} does not split among n_head = {heads}")
    return Config(layers, heads, D, window, epsilon), V, entries.get("n_inner") or 4 * D


def _refuse_variants(entries: dict[str, Any]) -> None:
    """Raise a ValueError if the model differs from GPT-2 in what it computes."""
    known = {
        "model_type": "gpt2",
        "activation_function": "gelu_new",
        "scale_attn_weights": True,
        "scale_attn_by_inverse_layer_idx": False,
        "add_cross_attention": False,
    }
    for key, value in known.items():
        if entries.get(key, value) != value:
            raise ValueError(f"{key} is {entries[key]!r}, not {value!r}")


def _shapes(V: int, inner: int, config: Config) -> dict[str, tuple[int, ...]]:
    """Return the names of all weights, and their shapes."""
    D = config.width
    layer = {
        "ln_1.weight": (D,),
        "ln_1.bias": (D,),
        "attn.c_attn.weight": (D, 3 * D),
        "attn.c_attn.bias": (3 * D,),
        "attn.c_proj.weight": (D, D),
        "attn.c_proj.bias": (D,),
        "ln_2.weight": (D,),
        "ln_2.bias": (D,),
        "mlp.c_fc.weight": (D, inner),
        "mlp.c_fc.bias": (inner,),
        "mlp.c_proj.weight": (inner, D),
        "mlp.c_proj.bias": (D,),
    }

    shapes: dict[str, tuple[int, ...]] = {"wte.weight": (V, D), "wpe.weight": (config.window, D)}
    shapes |= {"ln_f.weight": (D,), "ln_f.bias": (D,), "lm_head.weight": (V, D)}
    for k in range(config.layers):
        shapes |= {f"h.{k}.{name}": expected for name, expected in layer.items()}
    return shapes

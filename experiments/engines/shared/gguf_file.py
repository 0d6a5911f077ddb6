"""A Llama of known logits as a GGUF file; needs the package gguf.

Ids 0 to 255 are the bytes, 256 is the end of text, and the rows follow. A row's token is spelt
`<id>`, and is found in a prompt's text.
"""

from pathlib import Path

import gguf
import numpy as np
from known_logits import Vocabulary

END = 256
FIRST = 257  # the `first` of the vocabulary
WIDTH = 64


def write(path: Path, vocabulary: Vocabulary, positions: int = 8192) -> None:
    """Write the model."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("known logits")
    writer.add_block_count(1)
    writer.add_context_length(positions)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(WIDTH)

    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_rope_dimension_count(WIDTH // 2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(vocabulary.size)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)

    _add_tokenizer(writer, vocabulary)
    for name, tensor in _tensors(vocabulary).items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def spelt(token: int) -> str:
    """Return the text that a prompt has for a token of a row."""
    return f"<{token}>"


def _add_tokenizer(writer: gguf.GGUFWriter, vocabulary: Vocabulary) -> None:
    own = vocabulary.size - FIRST
    kind = gguf.TokenType
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(
        [*_bytes(), "<|endoftext|>", *(spelt(FIRST + number) for number in range(own))]
    )
    writer.add_token_types(
        [int(kind.NORMAL)] * END + [int(kind.CONTROL)] + [int(kind.USER_DEFINED)] * own
    )

    writer.add_token_merges(["a a"])  # an empty list is refused
    writer.add_bos_token_id(END)
    writer.add_eos_token_id(END)
    writer.add_add_bos_token(False)
    writer.add_chat_template("{% for m in messages %}{{ m.content }}{% endfor %}")


def _bytes() -> list[str]:
    """Return how GPT-2 spells each byte: as it is, or from U+0100 on if it is not printable."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    spelling = {byte: chr(byte) for byte in printable}
    spelling |= {byte: chr(256 + number) for number, byte in enumerate(others)}
    return [spelling[byte] for byte in range(256)]


def _tensors(vocabulary: Vocabulary) -> dict[str, np.ndarray]:
    one = np.ones(WIDTH, dtype=np.float32)
    square = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    return {
        "token_embd.weight": vocabulary.embedding(WIDTH),
        "output_norm.weight": one,
        "output.weight": vocabulary.output(WIDTH),
        **{f"blk.0.{name}.weight": one for name in ("attn_norm", "ffn_norm")},
        **{f"blk.0.{name}.weight": np.zeros((WIDTH, WIDTH), np.float32) for name in square},
    }

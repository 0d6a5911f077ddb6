"""A network as an ONNX graph whose logits are the row of the last token; needs the package onnx.

The logits are looked up twice: the token's row by its id, the logits by the row. Engines ask for a
cache of keys and values, so there is one, of one head of size 1, that grows with the text and holds
zeros.
"""

from pathlib import Path

import numpy as np
import onnx
from known_logits import Vocabulary
from onnx import TensorProto, helper, numpy_helper

CACHE = ("key", "value")


def save(vocabulary: Vocabulary, path: Path) -> None:
    """Write the graph: ids, mask and positions (batch, n) to logits (batch, n, V)."""
    float32, int64 = TensorProto.FLOAT, TensorProto.INT64
    by_row, row_of_token = lookup(vocabulary)
    constants = {
        "by_row": by_row,  # (R, V)
        "row_of_token": row_of_token,  # (V,)
        "zero": np.array([0]),
        "one": np.array([1]),
    }

    nodes = [
        helper.make_node("Gather", ["row_of_token", "input_ids"], ["rows"]),
        helper.make_node("Gather", ["by_row", "rows"], ["logits"]),
        helper.make_node("Shape", ["input_ids"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["batch"]),
        helper.make_node("Gather", ["shape", "one"], ["length"]),
        helper.make_node("Concat", ["batch", "one", "length", "one"], ["cache_shape"], axis=0),
        helper.make_node("ConstantOfShape", ["cache_shape"], ["nothing"]),
    ]
    inputs = [
        helper.make_tensor_value_info("input_ids", int64, ["batch", "n"]),
        helper.make_tensor_value_info("attention_mask", int64, ["batch", "total"]),
        helper.make_tensor_value_info("position_ids", int64, ["batch", "n"]),
    ]
    outputs = [helper.make_tensor_value_info("logits", float32, ["batch", "n", vocabulary.size])]
    for name in CACHE:
        past, present = f"past_key_values.0.{name}", f"present.0.{name}"
        inputs.append(helper.make_tensor_value_info(past, float32, ["batch", 1, "past", 1]))
        outputs.append(helper.make_tensor_value_info(present, float32, ["batch", 1, "total", 1]))
        nodes.append(helper.make_node("Concat", [past, "nothing"], [present], axis=2))

    initializers = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "rows", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)


def lookup(vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits by row, (R, V), and each token's row, (V,)."""
    by_row = np.array([vocabulary.logits(row) for row in vocabulary.rows], dtype=np.float32)
    return by_row, vocabulary.embedding(len(vocabulary.rows)).argmax(axis=1)

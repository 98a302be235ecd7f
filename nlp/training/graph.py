"""Write the trained network as an ONNX graph, operator by operator.

The graph is written by hand because a traced one cannot use ONNX Runtime's fused operators, and because
the 8-bit products have their scales fixed beforehand (see `quantise`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from nlp.training.network import MIDDLE
from nlp.training.quantise import quantised

Array = NDArray[Any]
MICROSOFT = "com.microsoft"


class GraphWriter:
    """Collects nodes and constants; each method adds one operation and returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: Array) -> str:
        """Add a constant."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def node(self, kind: str, *inputs: str, domain: str = "", result: str = "", **attributes: Any) -> str:
        """Add an operation with one result."""
        name = result or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], domain=domain, **attributes))
        return name

    def linear(self, x: str, weights: Mapping[str, Array], *parts: str) -> str:
        """x · weightᵀ for one or more products side by side, without bias; torch keeps [outputs, inputs].

        In 8 bits where the range of the inputs is known.
        """
        weight = np.concatenate([weights[f"{part}.weight"] for part in parts])
        if f"{parts[0]}.low" not in weights:
            return self.node("MatMul", x, self.constant(weight.T))
        small = quantised(weight, weights[f"{parts[0]}.low"], weights[f"{parts[0]}.high"])
        one, zero = self.constant(np.array(1, np.float32)), self.constant(small.zero)
        even = self.node("Mul", x, self.constant(1 / small.scale))
        whole = self.node("QuantizeLinear", even, one, zero)
        inputs = [whole, self.constant(small.weight), one, self.constant(small.gain), zero]
        return self.node("MatMulIntegerToFloat", *inputs, domain=MICROSOFT)

    def embed(self, pieces: str, table: Array) -> str:
        """Rows of the embedding table, kept in 8 bits with one scale a row."""
        scale = np.maximum(np.abs(table).max(1, keepdims=True), 1e-8) / 127
        small = self.node("Gather", self.constant(np.rint(table / scale).astype(np.int8)), pieces)
        return self.node(
            "Mul",
            self.node("Cast", small, to=TensorProto.FLOAT),
            self.node("Gather", self.constant(scale.astype(np.float32)), pieces),
        )


def add_embeddings(graph: GraphWriter, weights: Mapping[str, Array], epsilon: float) -> str:
    """Piece, position and type embeddings, normalised: [B, T, H]."""
    word = graph.embed("input_ids", weights["word_embeddings.weight"])
    place = weights["position_embeddings.weight"] + weights["token_type_embeddings.weight"][0]
    length = graph.node("Shape", "input_ids", start=1, end=2)
    zero, axis = graph.constant(np.array([0])), graph.constant(np.array([0]))
    here = graph.node("Slice", graph.constant(place), zero, length, axis)
    return graph.node(
        "LayerNormalization",
        graph.node("Add", word, here),
        graph.constant(weights["LayerNorm.weight"]),
        graph.constant(weights["LayerNorm.bias"]),
        epsilon=epsilon,
    )


def add_layer(graph: GraphWriter, x: str, weights: Mapping[str, Array], heads: int, epsilon: float) -> str:
    """One encoder layer, [B, T, H] → [B, T, H]."""
    attended = add_attention(graph, x, weights, heads)
    mid = add_and_normalise(graph, x, attended, weights, part="attention.output", epsilon=epsilon)
    wide = graph.linear(mid, weights, "intermediate.dense")
    wide = graph.node("BiasGelu", wide, graph.constant(weights["intermediate.dense.bias"]), domain=MICROSOFT)
    back = graph.linear(wide, weights, "output.dense")
    return add_and_normalise(graph, mid, back, weights, part="output", epsilon=epsilon)


def add_attention(graph: GraphWriter, x: str, weights: Mapping[str, Array], heads: int) -> str:
    """Self-attention and its output product, without the product's bias."""
    parts = [f"attention.self.{name}" for name in ("query", "key", "value")]
    bias = graph.constant(np.concatenate([weights[f"{part}.bias"] for part in parts]))
    joint = graph.node("Add", graph.linear(x, weights, *parts), bias)
    query, key, value = (f"{joint}_{name}" for name in ("q", "k", "v"))
    graph.nodes.append(helper.make_node("Split", [joint], [query, key, value], axis=-1, num_outputs=3))
    seen = graph.node(
        "MultiHeadAttention", query, key, value, "", "key_padding", domain=MICROSOFT, num_heads=heads
    )
    return graph.linear(seen, weights, "attention.output.dense")


def add_and_normalise(
    graph: GraphWriter, x: str, change: str, weights: Mapping[str, Array], *, part: str, epsilon: float
) -> str:
    """Layer normalisation of x + change + bias."""
    constants = [weights[f"{part}.{name}"] for name in ("LayerNorm.weight", "LayerNorm.bias", "dense.bias")]
    inputs = [x, change, *map(graph.constant, constants)]
    return graph.node("SkipLayerNormalization", *inputs, domain=MICROSOFT, epsilon=epsilon)


def add_masked_mean(graph: GraphWriter, states: str, result: str = "") -> str:
    """Mean over real pieces: [B, T, H] → [B, H]."""
    weight = graph.node("Unsqueeze", "mask", graph.constant(np.array([2])))
    axis = graph.constant(np.array([1]))
    total = graph.node("ReduceSum", graph.node("Mul", states, weight), axis, keepdims=0)
    return graph.node("Div", total, graph.node("ReduceSum", weight, axis, keepdims=0), result=result)


def add_heads(graph: GraphWriter, middle: str, high: str, weights: Mapping[str, Array], tasks: list[str]) -> None:
    """The tasks' logits, `touchpoints`, `attention` and `embedding`."""
    width = weights["queries"].shape[1]
    queries = weights["queries"].T * (4.0 / np.sqrt(width))
    scores = graph.node("MatMul", high, graph.constant(queries.astype(np.float32)))
    scores = graph.node("Add", graph.node("Transpose", scores, perm=[0, 2, 1]), "bias")
    attention = graph.node("Softmax", scores, axis=-1)
    seen = graph.node("MatMul", attention, high)
    mean = add_masked_mean(graph, high)
    whole = graph.node("Concat", mean, add_masked_mean(graph, middle), axis=-1)
    for number, task in enumerate(tasks):
        mine = graph.node("Gather", seen, graph.constant(np.array(number)), axis=1)
        features = graph.node("Concat", mine, whole, axis=-1)
        weight, bias = (graph.constant(weights[f"heads.{task}.{name}"]) for name in ("weight", "bias"))
        graph.node("Gemm", features, weight, bias, transB=1, result=task)
    begin, end, axis = (graph.constant(np.array([n])) for n in (len(tasks), weights["queries"].shape[0], 1))
    graph.node("Slice", attention, begin, end, axis, result="attention")
    add_touchpoints(graph, graph.node("Slice", seen, begin, end, axis), whole, weights)
    graph.node("LpNormalization", mean, axis=-1, p=2, result="embedding")


def add_touchpoints(graph: GraphWriter, seen: str, whole: str, weights: Mapping[str, Array]) -> None:
    """`touchpoints` [B, K, 4]: what each touchpoint's own attention saw, and the whole text."""
    weight, width = weights["touchpoint_weight"], weights["queries"].shape[1]
    own = graph.node("MatMul", graph.node("Transpose", seen, perm=[1, 0, 2]), graph.constant(weight[:, :width]))
    shared = graph.node("MatMul", whole, graph.constant(weight[:, width:]))
    logits = graph.node("Transpose", graph.node("Add", own, shared), perm=[1, 0, 2])
    graph.node("Add", logits, graph.constant(weights["touchpoint_bias"]), result="touchpoints")


def add_masks(graph: GraphWriter) -> None:
    """`mask` [B, T] as numbers, `bias` [B, 1, T] that hides padding, `key_padding` for attention."""
    graph.node("Cast", "attention_mask", to=TensorProto.FLOAT, result="mask")
    graph.node("Cast", "attention_mask", to=TensorProto.INT32, result="key_padding")
    hidden = graph.node("Sub", graph.constant(np.array(1, np.float32)), "mask")
    hidden = graph.node("Mul", hidden, graph.constant(np.array(-1e4, np.float32)))
    graph.node("Unsqueeze", hidden, graph.constant(np.array([1])), result="bias")


def finish(graph: GraphWriter, outputs: list[str]) -> onnx.ModelProto:
    """The checked model."""
    inputs = [
        helper.make_tensor_value_info(n, TensorProto.INT64, ["B", "T"]) for n in ("input_ids", "attention_mask")
    ]
    named = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs]
    body = helper.make_graph(graph.nodes, "oyez-opinion", inputs, named, graph.constants)
    sets = [helper.make_opsetid("", 20), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(body, opset_imports=sets, ir_version=10)


def selected(weights: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    """The weights under a prefix, without it."""
    return {name[len(prefix) :]: value for name, value in weights.items() if name.startswith(prefix)}


def write(
    lower: Mapping[str, Array],
    upper: Mapping[str, Array],
    tasks: list[str],
    *,
    heads: int,
    epsilon: float,
) -> onnx.ModelProto:
    """The whole network from the two halves' weights as `state_dict` names them."""
    graph = GraphWriter()
    add_masks(graph)
    states = [add_embeddings(graph, selected(lower, "embeddings."), epsilon)]
    for half in (lower, upper):
        depth = 1 + max(int(name.split(".")[2]) for name in half if name.startswith("layers.layers."))
        for number in range(depth):
            layer = selected(half, f"layers.layers.{number}.")
            states.append(add_layer(graph, states[-1], layer, heads, epsilon))
    add_heads(graph, states[MIDDLE], states[-1], upper, tasks)
    graph.node("Identity", states[MIDDLE], result="middle")
    return finish(graph, [*tasks, "touchpoints", "attention", "embedding", "middle"])

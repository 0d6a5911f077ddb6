"""The steps of a chain against the processors of transformers, on random and on adversarial logits.

Where transformers is installed its processors are asked; everywhere their recorded answers are,
which `python tests/language/test_chain_against_transformers.py` writes. Both run in float64. Two
differences are meant: of equally probable tokens (equally typical ones) this package keeps no more
than are needed, the first ones, where transformers' top_k and typical keep all and its top_p
whichever its sort puts last; and what it answers with nan is an error here, or has its limit. (At
top_p = 1 `generate` leaves its processor out, which would drop what has underflowed to 0.)"""

import json
import math
import warnings
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from boltzmann.language import (
    Chain,
    Epsilon,
    MinP,
    RepetitionPenalty,
    Temperature,
    TopK,
    TopP,
    Typical,
)

RECORD = Path(__file__).parents[1] / "support" / "chain_reference.json"
INF = math.inf
PEERS = {
    "TemperatureLogitsWarper": Temperature,
    "TopKLogitsWarper": TopK,
    "TopPLogitsWarper": TopP,
    "MinPLogitsWarper": MinP,
    "TypicalLogitsWarper": Typical,
    "EpsilonLogitsWarper": Epsilon,
    "RepetitionPenaltyLogitsProcessor": RepetitionPenalty,
}
VALUES = {
    "TemperatureLogitsWarper": [0.01, 0.7, 1.0, 3.0, 1e6],
    "TopKLogitsWarper": [1, 2, 5, 1000],
    "TopPLogitsWarper": [1e-9, 0.25, 0.5, 0.75, 0.9, 0.999],
    "MinPLogitsWarper": [0.0, 0.05, 0.5, 1.0],
    "TypicalLogitsWarper": [1e-9, 0.25, 0.5, 0.9, 0.999],
    "EpsilonLogitsWarper": [1e-9, 0.05, 0.25, 0.999],
    "RepetitionPenaltyLogitsProcessor": [1e-9, 0.5, 1.0, 1.3, 1e9],
}
MIXED = {"repetition_penalty": 1.3, "temperature": 0.8, "top_k": 12, "top_p": 0.95, "min_p": 0.02}
ADVERSARIAL = [
    [3, 3, 1],
    [0, 0, 0, 0],
    [2, 2, 1, 1, 1, -3, -3],
    [0, -1, -INF],
    [-INF, 5, -INF],
    [-INF, 0, -INF, 0, 0, -INF, 0],
    [-7.5],
    [-1, -2, -4],
    [1000, 999, -1000],
    [0, -800, -2000],
    [1e290, 0, -1e290],
    [2, 0, 0, -2],
]


def all_logits():
    """Return the adversarial logits and random ones, from nearly flat to steep."""
    random = np.random.default_rng(20)
    drawn = [
        (scale * random.normal(size=size)).round(3) for scale in (0.1, 2, 20) for size in (2, 7, 16)
    ]
    return [np.array(logits, np.float64) for logits in ADVERSARIAL] + drawn


def context_of(logits):
    """Return a few ids, one of them twice."""
    return [0, logits.size // 2, 0]


def peer_answer(name, value, logits):
    """Return what the processor of transformers makes of the logits."""
    import torch
    from transformers.generation import logits_process

    ids = torch.tensor([context_of(logits)])
    return getattr(logits_process, name)(value)(ids, torch.tensor(logits[None]))[0].numpy()


def mixed_answer(logits):
    """Return what a list of processors makes of the logits, in the order of `generate`."""
    names = [
        "RepetitionPenaltyLogitsProcessor",
        "TemperatureLogitsWarper",
        "TopKLogitsWarper",
        "TopPLogitsWarper",
        "MinPLogitsWarper",
    ]
    values = logits
    for name, value in zip(names, MIXED.values(), strict=True):
        values = peer_answer(name, value, values)
    return values


def first_of_equals(logits, kept):
    """Return as many of each set of equal logits as are kept, but the first ones."""
    first = np.zeros(logits.size, bool)
    for logit in set(logits[kept].tolist()):
        equal = np.flatnonzero(logits == logit)
        first[equal[: np.count_nonzero(kept[equal])]] = True
    return first


def agree(name, value, logits, answer):
    """Assert that a step gives the answer of transformers, up to which of equal tokens it keeps."""
    ours = PEERS[name](value)(logits, context_of(logits))
    place = f"{name}({value}) on {logits.tolist()}: {ours.tolist()}, transformers {answer.tolist()}"
    kept = ours > -INF
    theirs = answer > -INF

    if name in ("TopKLogitsWarper", "TopPLogitsWarper", "TypicalLogitsWarper"):
        assert np.array_equal(kept, first_of_equals(logits, kept)), place
        assert np.array_equal(ours[kept], logits[kept]), place
        surplus = theirs & ~kept  # theirs may only be more of what we kept last
        if name == "TopPLogitsWarper":
            assert np.array_equal(kept, first_of_equals(logits, theirs)), place
        else:
            assert np.all(theirs[kept]) and len(set(logits[surplus])) <= 1, place
            assert set(logits[surplus]) <= set(logits[kept]), place
    else:
        np.testing.assert_allclose(ours, answer, rtol=1e-15, atol=0, err_msg=place)


def mixed_agrees(logits, answer):
    chain = Chain.preset("transformers", **MIXED)
    ours = chain(logits, context_of(logits))
    np.testing.assert_allclose(ours, answer, rtol=1e-14, atol=0, err_msg=str(logits.tolist()))


def without_ties(many):
    return [logits for logits in many if np.unique(logits).size == logits.size > 2]


# The recorded answers: null is -inf


def write():
    """Ask transformers and keep what it says: one line for each processor and value."""
    import transformers

    asked = [(name, value) for name, values in VALUES.items() for value in values]
    answers = [
        [name, value, [listed(peer_answer(name, value, x)) for x in all_logits()]]
        for name, value in asked
    ]
    record = {
        "transformers": transformers.__version__,
        "logits": [listed(logits) for logits in all_logits()],
        "mixed": [listed(mixed_answer(logits)) for logits in without_ties(all_logits())],
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in record.items()]
    lines.append(
        '"answers": [\n' + ",\n".join(json.dumps(line, allow_nan=False) for line in answers) + "\n]"
    )
    RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def listed(values):
    return [None if value == -INF else value for value in values.tolist()]


def arrays(lists):
    return [
        np.array([-INF if value is None else value for value in values], np.float64)
        for values in lists
    ]


@pytest.fixture(scope="module")
def record():
    return json.loads(RECORD.read_text(encoding="utf-8"))


def recorded_answers(record, name):
    """Return the answers of one processor by value."""
    return {
        value: arrays(answers)
        for processor, value, answers in record["answers"]
        if processor == name
    }


@pytest.mark.parametrize("name", PEERS)
def test_steps_give_the_recorded_answers_of_transformers(record, name):
    answers = recorded_answers(record, name)
    assert list(answers) == VALUES[name]
    for value in answers:
        for logits, answer in zip(arrays(record["logits"]), answers[value], strict=True):
            agree(name, value, logits, answer)


def test_a_chain_gives_the_recorded_answers_of_a_list_of_processors(record):
    assert len(record["mixed"]) > 8
    for logits, answer in zip(
        without_ties(arrays(record["logits"])), arrays(record["mixed"]), strict=True
    ):
        mixed_agrees(logits, answer)


@pytest.mark.parametrize("name", PEERS)
def test_the_answers_to_another_value_are_refused(record, name):
    """The control: of the answers to any two neighbouring values some differ, and are refused."""
    answers = recorded_answers(record, name)
    for value, other in pairwise(answers):
        refused = 0
        for logits, answer in zip(arrays(record["logits"]), answers[other], strict=True):
            try:
                agree(name, value, logits, answer)
            except AssertionError:
                refused += 1
        assert refused > 0, (value, other)


# The living transformers

needs_peer = pytest.mark.skipif(
    not (find_spec("torch") and find_spec("transformers")),
    reason="transformers and torch are not installed; the recorded answers stand in for them",
)


@needs_peer
@pytest.mark.parametrize("name", PEERS)
def test_steps_agree_with_the_processors_of_transformers(name):
    for value in VALUES[name]:
        for logits in all_logits():
            agree(name, value, logits, peer_answer(name, value, logits))


@needs_peer
def test_a_chain_agrees_with_a_list_of_processors():
    for logits in without_ties(all_logits()):
        mixed_agrees(logits, mixed_answer(logits))


@needs_peer
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({}, {}),  # top_k = 50 is there unasked
        (
            {"temperature": 0.6, "top_p": 0.8, "top_k": 0},
            {"temperature": 0.6, "top_p": 0.8, "top_k": None},
        ),
        (
            {
                "epsilon_cutoff": 0.012,
                "typical_p": 0.9,
                "min_p": 0.1,
                "top_p": 0.9,
                "top_k": 40,
                "temperature": 1.7,
                "repetition_penalty": 1.4,
            },
            {
                "epsilon": 0.012,
                "typical_p": 0.9,
                "min_p": 0.1,
                "top_p": 0.9,
                "top_k": 40,
                "temperature": 1.7,
                "repetition_penalty": 1.4,
            },
        ),
    ],
)
def test_the_preset_is_what_generate_of_transformers_does(theirs, ours):
    """A random GPT-2 tells its logits for 12 tokens and what it drew from, in single precision."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a library's own
        import torch
        from transformers import GPT2Config, GPT2LMHeadModel

        torch.manual_seed(0)
        config = GPT2Config(
            vocab_size=97, n_positions=32, n_embd=32, n_layer=1, n_head=2, initializer_range=1.0
        )
        prompt = torch.tensor([[1, 2, 3, 2]])
        out = GPT2LMHeadModel(config).generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            pad_token_id=0,
            do_sample=True,
            min_new_tokens=12,
            max_new_tokens=12,
            output_logits=True,
            output_scores=True,
            return_dict_in_generate=True,
            **theirs,
        )
    chain = Chain.preset("transformers", **ours)
    ids = out.sequences[0].tolist()
    for step, (logits, scores) in enumerate(zip(out.logits, out.scores, strict=True)):
        drawn_from = chain(logits[0].numpy(), ids[: prompt.shape[1] + step])
        np.testing.assert_allclose(drawn_from, scores[0].numpy(), rtol=1e-5)
    assert len(out.logits) == 12


if __name__ == "__main__":
    write()

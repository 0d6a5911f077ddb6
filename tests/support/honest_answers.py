"""Answers of an honest server at t = 0.7, drawn from one distribution of six tokens."""

import numpy as np

NAMES = "abcdef"
LOGPROBS = np.log([0.4, 0.25, 0.15, 0.1, 0.06, 0.04])  # (6,), before the temperature
TEMPERATURE = 0.7


def drawn(size, seed, t=TEMPERATURE):
    """Return positions (size,) drawn at a temperature."""
    weights = np.exp(LOGPROBS / t)
    return np.random.default_rng(seed).choice(6, size=size, p=weights / weights.sum()).tolist()


def item(k):
    """Return a token as chat lists it."""
    return {"token": NAMES[k], "logprob": float(LOGPROBS[k]), "bytes": None}


FULL = [item(k) for k in range(6)]


def entry(k, listed=FULL, **own):
    """Return the entry of a token drawn, with a list."""
    return {**item(k), **own, "top_logprobs": listed}


def chat_answers(entries, tokens=10):
    """Return chat completions of so many tokens each."""
    return [chat_answer(entries[i : i + tokens]) for i in range(0, len(entries), tokens)]


def chat_answer(entries, **more):
    """Return one chat completion."""
    return {"choices": [{"index": 0, "logprobs": {"content": entries}}], **more}


def completion_answer(positions, *, names=NAMES, **more):
    """Return one completion, with the token drawn in every list."""
    top = {names[k]: float(LOGPROBS[k]) for k in range(6)}
    logprobs = {
        "tokens": [names[k] for k in positions],
        "token_logprobs": [float(LOGPROBS[k]) for k in positions],
        "top_logprobs": [top for _ in positions],
    }
    text = "".join(logprobs["tokens"])
    return {"choices": [{"index": 0, "text": text, "logprobs": logprobs}], **more}

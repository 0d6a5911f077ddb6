"""One text in the forms in which servers send it: the same draws from the same lists."""

import numpy as np

from tests.support.honest_answers import LOGPROBS, NAMES, TEMPERATURE, chat_answer, entry, item

FORMS = ("ollama", "ollama-chat", "responses", "sglang", "tgi", "llama", "post-sampling")


def answer(form, positions, **more):
    """Return an answer with the tokens at some positions of `NAMES`, all of one distribution."""
    text = "".join(NAMES[k] for k in positions)
    entries = [entry(k) for k in positions]
    size = len(positions)
    if form == "ollama":
        return {"response": text, "done": True, "logprobs": entries, "eval_count": size, **more}
    if form == "ollama-chat":
        said = {"message": {"role": "assistant", "content": text}}
        return {**said, "done": True, "logprobs": entries, "eval_count": size, **more}
    if form == "responses":
        part = {"type": "output_text", "text": text, "logprobs": entries}
        output = [{"type": "reasoning"}, {"type": "message", "content": [part]}]
        usage = {"input_tokens": 3, "output_tokens": size}
        return {"object": "response", "output": output, "usage": usage, **more}
    if form == "sglang":
        meta = {
            "id": "s0",
            "finish_reason": {"type": "length"},
            "completion_tokens": size,
            "output_token_logprobs": [triple(k) for k in positions],
            "output_top_logprobs": [[triple(k) for k in range(6)] for _ in positions],
        }
        return {"text": text, "meta_info": meta, **more}
    if form == "tgi":
        details = {
            "generated_tokens": size,
            "tokens": [numbered(k) for k in positions],
            "top_tokens": [[numbered(k) for k in range(6)] for _ in positions],
        }
        return {"generated_text": text, "details": details, **more}
    if form == "llama":
        drawn = {"tokens_predicted": size, "content": text, "stop": True}
        return {"completion_probabilities": entries, **drawn, **more}
    if form == "post-sampling":
        listed = [sampled(k) for k in range(6)]
        entries = [{**sampled(k), "top_probs": listed} for k in positions]
        said = {"generation_settings": {"temperature": TEMPERATURE}}
        return {"completion_probabilities": entries, **said, **more}
    return chat_answer(entries, **more)


def triple(k):
    """Return a token as SGLang lists it."""
    return [float(LOGPROBS[k]), 100 + k, None]


def numbered(k):
    """Return a token as text-generation-inference lists it; the text may be part of a character."""
    return {"id": 100 + k, "text": "\ufffd", "logprob": float(LOGPROBS[k]), "special": False}


def sampled(k):
    """Return a token as llama-server lists it with `post_sampling_probs`."""
    weights = np.exp(LOGPROBS / TEMPERATURE)
    p = float(weights[k] / weights.sum())
    return {"token": item(k)["token"], "id": k, "prob": p}


def stream(form, positions):
    """Return the chunks of a streamed answer."""
    if form in ("ollama", "ollama-chat"):
        chunks = [{**answer(form, [k]), "done": False} for k in positions]
        end = {**answer(form, []), "done": True, "eval_count": len(positions)}
        del end["logprobs"]
        return [*chunks, end]
    if form == "llama":
        chunks = [{**answer(form, [k]), "stop": False} for k in positions]
        settings = {"temperature": TEMPERATURE, "top_k": 40}
        end = {"content": "", "stop": True, "generation_settings": settings}
        return [*chunks, {**end, "tokens_predicted": len(positions)}]
    if form == "tgi":
        tops = [numbered(k) for k in range(6)]
        chunks = [
            {"token": numbered(k), "top_tokens": tops, "generated_text": None, "details": None}
            for k in positions
        ]
        chunks[-1]["generated_text"] = "all"
        return chunks
    if form == "sglang":
        chunks = [answer(form, positions[: k + 1]) for k in range(len(positions))]
        for chunk in chunks[:-1]:
            chunk["meta_info"]["finish_reason"] = None
        return chunks
    events = [{"type": "response.output_text.delta", "delta": NAMES[k]} for k in positions]
    last = {"type": "response.completed", "response": answer(form, positions)}
    return [{"type": "response.created", "response": {}}, *events, last]

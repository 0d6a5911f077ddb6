"""Responses as servers send them, made small, and files of them."""

import json

TOP = [("a", -0.5), ("b", -1.5), ("c", -2.5)]


def write(path, *lines):
    """Write texts, or JSON, one a line; return the path."""
    path.write_text(
        "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    )
    return path


def item(text, logprob, spelled=None):
    """Return a token as chat lists it."""
    return {"token": text, "logprob": logprob, "bytes": spelled}


def chat(*entries):
    """Return a chat response: for each token (text, logprob, [(text, logprob), …])."""
    content = [
        {
            "token": token,
            "logprob": value,
            "bytes": None,
            "top_logprobs": [item(*one) for one in top],
        }
        for token, value, top in entries
    ]
    return {"choices": [{"logprobs": {"content": content}}]}


def completion(*entries):
    """Return a completions response: for each token (text, {text: logprob})."""
    logprobs = {
        "tokens": [text for text, _ in entries],
        "top_logprobs": [top for _, top in entries],
    }
    return {"choices": [{"text": "", "logprobs": logprobs}]}


def rows(saved):
    """Return the log-probabilities of saved draws as lists."""
    return [row.tolist() for row in saved.logprobs]

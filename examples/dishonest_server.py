"""An inference server on this machine: the small GPT-2 behind three interfaces, honest or told how to misbehave.

    python examples/dishonest_server.py --port 8080 --do squared

It sees the prompt and the last token alone, so that few contexts occur and their logits are kept.
"""

import argparse
import json
import sys
import threading
import time
from collections import deque
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from boltzmann.language import GPT2

MODEL = GPT2.load("tiny")
_LOCK = threading.Lock()  # one context at a time: the network remembers the last

# What it does with the temperature and the truncation that it is asked for: a keyword of `law`
# each.
HABITS = {
    "honest": lambda t, walls: {"t": t, **walls},
    "squared": lambda t, walls: {"t": t * t, **walls},
    "doubled": lambda t, walls: {"t": 2 * t, **walls},
    "ignored": lambda t, walls: {"t": 1.0, **walls},
    "greedy": lambda t, walls: {"t": 0.0, **walls},
    "1 when negative": lambda t, walls: {"t": 1.0 if t < 0 else t, **walls},
    "top_k": lambda t, walls: {"t": t, **walls, "top_k": 5},
    "temperature last": lambda t, walls: {"t": t, **walls, "temperature_first": False},
}


def softmax(x):
    """Return softmax along the last axis of (rows, V)."""
    weights = np.exp(x - x.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def law(x, t, top_k=None, top_p=None, min_p=None, temperature_first=True):
    """Return the probabilities of a sampler, written out as plainly as can be."""
    x = x.astype(np.float64)
    tempered = softmax(x / t)
    judged = tempered if temperature_first else softmax(x)
    order = np.argsort(-x, axis=1, kind="stable")
    kept = np.ones(x.shape, dtype=bool)
    ranked = np.take_along_axis(judged, order, axis=1)
    if top_k is not None:
        kept[:, top_k:] = False
        ranked = ranked * kept / (ranked * kept).sum(axis=1, keepdims=True)
    if top_p is not None:
        kept &= np.cumsum(ranked, axis=1) - ranked < top_p
    if min_p is not None:
        kept &= ranked >= min_p * ranked[:, :1]
    allowed = np.zeros(x.shape)
    np.put_along_axis(allowed, order, kept.astype(float), axis=1)
    return tempered * allowed / (tempered * allowed).sum(axis=1, keepdims=True)


@cache
def logits_after(prompt, last):
    """Return the logits (V,) after a prompt and, where there is one, the last token drawn."""
    with _LOCK:
        return MODEL.logits([*MODEL.encode(prompt)] + ([] if last is None else [last])).astype(
            np.float64
        )


def log_softmax(x):
    """Return log softmax of (V,)."""
    return x - x.max() - np.log(np.exp(x - x.max()).sum())


class DishonestServer(ThreadingHTTPServer):
    """Serves until the end of a `with` block.

    Parameters
    ----------
    habit : str
        One of `HABITS`.
    style : str
        "openai" lists the likeliest tokens alone in chat; "vllm" lists the one drawn first and, in
        chat, cuts.
    tempered : bool
        Whether log-probabilities are reported after the temperature.
    batch : int
        So many requests running share their random numbers.
    pieces : container of int
        Tokens that are pieces of characters, which llama-server withholds.
    faults : iterable of str
        What goes wrong with the first requests, one each; see `_Handler.fault`.
    seconds : float
        What an answer takes at least.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        habit="honest",
        *,
        style="vllm",
        tempered=False,
        batch=1,
        pieces=(),
        faults=(),
        seconds=0.0,
        port=0,
        key="",
    ):
        super().__init__(("127.0.0.1", port), _Handler)
        self.habit, self.style, self.tempered, self.batch = HABITS[habit], style, tempered, batch
        self.pieces, self.faults, self.seconds, self.key = pieces, deque(faults), seconds, key
        self.bodies, self.under_way, self.most = [], 0, 0
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def spelled(self, token):
        return b"\xe2\x80" if token in self.pieces else MODEL.tokens[token]

    def text(self, token):
        return self.spelled(token).decode("utf-8", "replace")

    def draw(self, prompt, body, number):
        """Return the tokens of an answer, each with the log-probabilities that are reported, and their order."""
        t, last, steps = body.get("temperature", 1.0), None, []
        walls = {name: body.get(name) for name in ("top_k", "top_p", "min_p") if body.get(name)}
        noise = np.random.default_rng([number // self.batch, 7])
        done = self.habit(t, walls)
        t_done, walls_done = done.pop("t"), tuple(done.items())
        for _ in range(body.get("max_tokens", body.get("n_predict", 16))):
            reported = reported_after(prompt, last, t if self.tempered else 1.0)
            edges = law_after(prompt, last, t_done, walls_done)
            last = min(int(np.searchsorted(edges, noise.random(), side="right")), edges.size - 1)
            steps.append((last, *reported))
        return steps


@cache
def law_after(prompt, last, t, walls):
    """Return the cumulative probabilities of the next token."""
    x = logits_after(prompt, last)
    p = law(x[None], t, **dict(walls))[0] if t > 0 else np.eye(x.size)[x.argmax()]
    return np.cumsum(p) / p.sum()


@cache
def reported_after(prompt, last, t):
    """Return the log-probabilities that are reported, and their order."""
    x = logits_after(prompt, last)
    logprobs = log_softmax(x / t)
    return logprobs, np.argsort(-logprobs, kind="stable")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize, disable_nagle_algorithm = -1, True  # packets that do not wait for each other
    server: DishonestServer

    def log_message(self, *_):
        pass

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            number = len(self.server.bodies)
            body = json.loads(raw)
            self.server.bodies.append({"path": self.path, **body})
            fault = self.server.faults.popleft() if self.server.faults else ""
            self.server.under_way += 1
            self.server.most = max(self.server.most, self.server.under_way)
        try:
            time.sleep(self.server.seconds)
            if self.server.key and self.headers.get("Authorization") != f"Bearer {self.server.key}":
                self.answer(
                    401, {"error": {"message": f"not the key: {self.headers.get('Authorization')}"}}
                )
            elif self.path not in ("/v1/completions", "/v1/chat/completions", "/completion"):
                self.answer(404, {"detail": "Not Found"})
            elif not (fault and self.fault(fault, body, number)):
                self.answer(200, self.response(body, number))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with self.server.lock:
                self.server.under_way -= 1

    def answer(self, status, content, headers=(), cut=False):
        text = content if isinstance(content, str) else json.dumps(content)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        sent = text[: len(text) // 2].encode() if cut else text.encode()
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def fault(self, fault, body, number):
        """Do something that is against the protocol; False if an ordinary answer follows."""
        kind, _, detail = fault.partition(" ")
        if kind.isdigit():
            headers = [("Retry-After", detail)] if detail else []
            self.answer(
                int(kind),
                {"error": {"message": f"it is {kind}: {self.headers.get('Authorization')}"}},
                headers,
            )
        elif kind == "sleep":
            time.sleep(float(detail))
            return False
        elif kind == "hang-up":
            self.close_connection = True
        elif kind == "cut":
            self.answer(200, self.response(body, number), cut=True)
        elif kind == "body":
            self.answer(200, detail)
        elif kind == "refuse":
            self.answer(400, detail)
        elif kind == "nan":
            text = json.dumps(self.response(body, number))
            place = text.rindex("-")
            self.answer(200, text[:place] + "NaN" + text[place:].lstrip("-0123456789.e"))
        return True

    def response(self, body, number):
        if self.path == "/completion":
            return self.llama(body, number)
        if body.get("model", "tiny") != "tiny":
            return {
                "error": {"message": f"The model `{body['model']}` does not exist.", "code": 404}
            }
        if self.path == "/v1/chat/completions":
            return self.chat(body, number)
        return self.completion(body, number)

    def completion(self, body, number):
        server, tops = self.server, []
        steps = server.draw(body["prompt"], body, number)
        prompt = [*map(server.text, MODEL.encode(body["prompt"]))]
        for token, logprobs, order in steps:
            listed = dict.fromkeys([token, *order[: body["logprobs"]].tolist()])
            tops.append({server.text(k): round(logprobs[k], 6) for k in listed})
        tokens = [server.text(token) for token, *_ in steps]
        values = [logprobs[token] for token, logprobs, _ in steps]
        if body.get("echo"):
            rest = [{text: 0.0} for text in prompt[1:]]
            tokens, values, tops = (
                prompt + tokens,
                [None, *[0.0] * len(rest), *values],
                [None, *rest, *tops],
            )
        logprobs = {"tokens": tokens, "token_logprobs": values, "top_logprobs": tops}
        choice = {
            "index": 0,
            "text": "".join(tokens),
            "logprobs": logprobs,
            "finish_reason": "length",
        }
        return {
            "object": "text_completion",
            "model": "tiny",
            "choices": [choice],
            "usage": {"prompt_tokens": len(prompt), "completion_tokens": len(steps)},
            "auth": self.headers["Authorization"],
        }

    def chat(self, body, number):
        server, content, m = self.server, [], body["top_logprobs"]
        for token, logprobs, order in server.draw(body["messages"][-1]["content"], body, number):

            def entry(k, logprobs=logprobs):
                text = server.text(k)
                spelled = server.spelled(k) if server.style == "openai" else text.encode()
                return {"token": text, "bytes": list(spelled), "logprob": round(logprobs[k], 6)}

            listed = order[:m].tolist()
            if server.style == "vllm":  # the one drawn first, and m in all
                listed = [*dict.fromkeys([token, *listed])][:m]
            content.append({**entry(token), "top_logprobs": [entry(k) for k in listed]})
        message = {"role": "assistant", "content": "".join(item["token"] for item in content)}
        choice = {
            "index": 0,
            "message": message,
            "logprobs": {"content": content},
            "finish_reason": "length",
        }
        return {"object": "chat.completion", "model": "tiny", "choices": [choice]}

    def llama(self, body, number):
        server, entries = self.server, []
        for token, logprobs, order in server.draw(body["prompt"], body, number):

            def entry(k, logprobs=logprobs):
                spelled = server.spelled(k)
                text = spelled.decode("utf-8", "ignore")
                return {
                    "id": k,
                    "token": text,
                    "bytes": list(spelled),
                    "logprob": round(logprobs[k], 6),
                }

            if "\ufffd" not in server.text(token):
                entries.append(
                    {
                        **entry(token),
                        "top_logprobs": [*map(entry, order[: body["n_probs"]].tolist())],
                    }
                )
        return {"content": "", "completion_probabilities": entries, "stop": True}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--do", choices=HABITS, default="honest")
    parser.add_argument("--tempered", action="store_true")
    parser.add_argument(
        "--batch", type=int, default=1, help="so many requests running share their random numbers"
    )
    parser.add_argument(
        "--faults", nargs="*", default=(), help="of the first requests, such as 429 hang-up ''"
    )
    parser.add_argument(
        "--pieces", type=int, nargs="*", default=(), help="tokens that are pieces of characters"
    )
    options = vars(parser.parse_args())
    with DishonestServer(options.pop("do"), **options) as running:
        sys.stderr.write(f"{running.url}\n")
        threading.Event().wait()

"""An inference server on this machine, honest or not, to try `python -m boltzmann audit` on.

    python examples/dishonest_server.py --port 8080 --do squared

The small GPT-2 answers OpenAI's completions and chat completions, and llama-server's completion.
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

PATHS = ("/v1/completions", "/v1/chat/completions", "/completion")

# From the temperature and the truncation asked for to the arguments of `probabilities`.
BEHAVIOURS = {
    "honest": lambda t, truncation: {"t": t, **truncation},
    "squared": lambda t, truncation: {"t": t * t, **truncation},
    "doubled": lambda t, truncation: {"t": 2 * t, **truncation},
    "ignored": lambda t, truncation: {"t": 1.0, **truncation},
    "greedy": lambda t, truncation: {"t": 0.0, **truncation},
    "negative-is-1": lambda t, truncation: {"t": 1.0 if t < 0 else t, **truncation},
    "hidden-top-k": lambda t, truncation: {"t": t, **truncation, "top_k": 5},
    "temperature-last": lambda t, truncation: {"t": t, **truncation, "temperature_first": False},
}

_LOCK = threading.Lock()  # one context at a time: the network remembers the last


@cache
def model():
    """Return the small GPT-2, loaded once."""
    return GPT2.load("tiny")


@cache
def logits_after(prompt, last):
    """Return the logits (V,) after a prompt and, unless it is None, the last token drawn."""
    with _LOCK:
        ids = [*model().encode(prompt)] + ([] if last is None else [last])
        return model().logits(ids).astype(np.float64)


def softmax(x):
    """Return softmax of (V,)."""
    weights = np.exp(x - x.max())
    return weights / weights.sum()


def log_softmax(x):
    """Return log softmax of (V,)."""
    return x - x.max() - np.log(np.exp(x - x.max()).sum())


def probabilities(x, t, top_k=None, top_p=None, min_p=None, temperature_first=True):
    """Return the probabilities (V,) of a sampler; at t = 0 the likeliest token is certain.

    Written out here, and not taken from `boltzmann.language`, so that an audit of this server
    compares two programs.
    """
    if t <= 0:
        return np.eye(x.size)[x.argmax()]
    order = np.argsort(-x, kind="stable")
    tempered = softmax(x / t)[order]
    ranked = tempered if temperature_first else softmax(x)[order]

    kept = np.ones(x.size, dtype=bool)
    if top_k is not None:
        kept[top_k:] = False
        ranked = ranked * kept / (ranked * kept).sum()
    if top_p is not None:
        kept &= np.cumsum(ranked) - ranked < top_p
    if min_p is not None:
        kept &= ranked >= min_p * ranked[0]

    p = np.zeros(x.size)
    p[order] = tempered * kept
    return p / p.sum()


@cache
def cumulative_after(prompt, last, arguments):
    """Return the cumulative probabilities (V,) of the next token."""
    p = probabilities(logits_after(prompt, last), **dict(arguments))
    return np.cumsum(p) / p.sum()


@cache
def reported_after(prompt, last, t):
    """Return the log-probabilities (V,) that are reported, and the tokens from the likeliest on."""
    logprobs = log_softmax(logits_after(prompt, last) / t)
    return logprobs, np.argsort(-logprobs, kind="stable")


class DishonestServer(ThreadingHTTPServer):
    """A server that runs in a thread of its own until the end of a `with` block.

    Parameters
    ----------
    behaviour : str
        One of `BEHAVIOURS`.
    style : {"vllm", "openai"}
        How chat lists tokens: the one drawn first, cut to the length asked for, or the likeliest
        alone.
    tempered : bool
        Whether log-probabilities are reported after the temperature.
    batch : int
        So many requests in a row share their random numbers.
    pieces : container of int
        Tokens that stand for parts of characters, which llama-server withholds.
    faults : iterable of str
        What goes wrong with the first requests, one each; see `_Handler.fail`.
    seconds : float
        The least that an answer takes.
    port : int
        Where it listens; 0 finds a free one.
    key : str
        The API key that it asks for; "" for none.
    unwatched : str
        What it does where no log-probabilities are asked for; by default the same.
    says : dict, optional
        Sampler settings that it reports in force, as llama-server does, beside those asked for and
        whatever it does; by default it reports none.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        behaviour="honest",
        *,
        style="vllm",
        tempered=False,
        batch=1,
        pieces=(),
        faults=(),
        seconds=0.0,
        port=0,
        key="",
        unwatched=None,
        says=None,
    ):
        super().__init__(("127.0.0.1", port), _Handler)
        self.behaviour = BEHAVIOURS[behaviour]
        self.unwatched = BEHAVIOURS[unwatched or behaviour]
        self.style = style
        self.tempered = tempered
        self.batch = batch
        self.pieces = pieces
        self.faults = deque(faults)
        self.seconds = seconds
        self.key = key
        self.says = says

        self.lock = threading.Lock()  # guards all that follows
        self.bodies = []  # of the requests so far
        self.under_way = 0
        self.most_under_way = 0

    @property
    def url(self):
        """The base address of OpenAI's interface."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def spelling(self, token):
        """Return the bytes of a token."""
        return b"\xe2\x80" if token in self.pieces else model().tokens[token]

    def text(self, token):
        """Return the text of a token."""
        return self.spelling(token).decode("utf-8", "replace")

    def settings(self, body):
        """Return the sampler settings that are reported of a request."""
        names = ("temperature", *self.says)
        return self.says | {name: body[name] for name in names if name in body}

    def arguments(self, behaviour, body):
        """Return the arguments of `probabilities` that a behaviour makes of those asked for."""
        truncation = {name: body[name] for name in ("top_k", "top_p", "min_p") if body.get(name)}
        return tuple(behaviour(body.get("temperature", 1.0), truncation).items())

    def draw_first(self, prompt, body, number, copies):
        """Return the token drawn after each of some copies of a prompt, without being watched."""
        cumulative = cumulative_after(prompt, None, self.arguments(self.unwatched, body))
        uniform = np.random.default_rng([number // self.batch, 7]).random(copies)
        places = np.searchsorted(cumulative, uniform, side="right")
        return np.minimum(places, cumulative.size - 1).tolist()

    def draw(self, prompt, body, number):
        """Return (token, log-probabilities reported, tokens from the likeliest on) of each draw."""
        t = body.get("temperature", 1.0)
        arguments = self.arguments(self.behaviour, body)
        generator = np.random.default_rng([number // self.batch, 7])

        last = None
        drawn = []
        for _ in range(body.get("max_tokens", body.get("n_predict", 16))):
            reported = reported_after(prompt, last, t if self.tempered else 1.0)
            cumulative = cumulative_after(prompt, last, arguments)
            place = int(np.searchsorted(cumulative, generator.random(), side="right"))
            last = min(place, cumulative.size - 1)
            drawn.append((last, *reported))
        return drawn


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True  # packets do not wait for each other
    server: DishonestServer

    def log_message(self, *_):
        pass

    def do_GET(self):
        """Say what settings are the default, where the server says any."""
        if self.path == "/props" and self.server.says is not None:
            default = {"params": {"temperature": 0.8, **self.server.says}}
            self.send(200, {"default_generation_settings": default, "build_info": "tiny"})
        else:
            self.send(404, {"detail": "Not Found"})

    def do_POST(self):
        """Answer one request."""
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            number = len(server.bodies)
            server.bodies.append({"path": self.path, **body})
            fault = server.faults.popleft() if server.faults else ""
            server.under_way += 1
            server.most_under_way = max(server.most_under_way, server.under_way)
        try:
            time.sleep(server.seconds)
            self.respond(body, number, fault)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with server.lock:
                server.under_way -= 1

    def respond(self, body, number, fault):
        """Send an answer, or do what is wrong with this one."""
        given = self.headers.get("Authorization")
        if self.server.key and given != f"Bearer {self.server.key}":
            self.send(401, {"error": {"message": f"not the key: {given}"}})
        elif self.path not in PATHS:
            self.send(404, {"detail": "Not Found"})
        elif not (fault and self.fail(fault, body, number)):
            self.send(200, self.response(body, number))

    def send(self, status, content, headers=(), cut=False):
        """Send a text, or JSON."""
        text = content if isinstance(content, str) else json.dumps(content)
        sent = text[: len(text) // 2].encode() if cut else text.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def fail(self, fault, body, number):
        """Do something that is against the protocol; False if an ordinary answer follows."""
        kind, _, detail = fault.partition(" ")
        if kind.isdigit():
            message = f"it is {kind}: {self.headers.get('Authorization')}"
            headers = [("Retry-After", detail)] if detail else []
            self.send(int(kind), {"error": {"message": message}}, headers)
        elif kind == "sleep":
            time.sleep(float(detail))
            return False
        elif kind == "hang-up":
            self.close_connection = True
        elif kind == "cut":
            self.send(200, self.response(body, number), cut=True)
        elif kind == "body":
            self.send(200, detail)
        elif kind == "refuse":
            self.send(400, detail)
        elif kind == "nan":
            text = json.dumps(self.response(body, number))
            place = text.rindex("-")
            self.send(200, text[:place] + "NaN" + text[place:].lstrip("-0123456789.e"))
        return True

    def response(self, body, number):
        """Return the body of an answer."""
        if not (body.get("logprobs") or body.get("n_probs")):
            return self.unlisted(body, number)
        if self.path == "/completion":
            return self.llama_server(body, number)
        name = body.get("model", "tiny")
        if name != "tiny":
            return {"error": {"message": f"The model `{name}` does not exist.", "code": 404}}
        if self.path == "/v1/chat/completions":
            return self.chat(body, number)
        return self.completion(body, number)

    def unlisted(self, body, number):
        """Return what was drawn without log-probabilities: the first token of each copy."""
        server = self.server
        if self.path == "/completion":
            prompts = body["prompt"]
            drawn = server.draw_first(prompts[0], body, number, len(prompts))
            return [{"content": server.text(token), "tokens": [token]} for token in drawn]
        chat = "messages" in body
        prompt = body["messages"][-1]["content"] if chat else body["prompt"]
        texts = [server.text(k) for k in server.draw_first(prompt, body, number, body.get("n", 1))]
        choices = [{"message": {"content": text}} if chat else {"text": text} for text in texts]
        return {"model": "tiny", "choices": choices}

    def completion(self, body, number):
        """Return a completion: texts beside objects {text: log-probability}."""
        server = self.server
        prompt = [server.text(token) for token in model().encode(body["prompt"])]
        drawn = server.draw(body["prompt"], body, number)

        tokens = [server.text(token) for token, *_ in drawn]
        values = [logprobs[token] for token, logprobs, _ in drawn]
        tops = []
        for token, logprobs, order in drawn:
            listed = dict.fromkeys([token, *order[: body["logprobs"]].tolist()])
            tops.append({server.text(k): round(logprobs[k], 6) for k in listed})
        if body.get("echo"):
            tokens = prompt + tokens
            values = [None, *[0.0] * (len(prompt) - 1), *values]
            tops = [None, *({text: 0.0} for text in prompt[1:]), *tops]

        choice = {
            "index": 0,
            "text": "".join(tokens),
            "logprobs": {"tokens": tokens, "token_logprobs": values, "top_logprobs": tops},
            "finish_reason": "length",
        }
        return {
            "object": "text_completion",
            "model": "tiny",
            "choices": [choice],
            "usage": {"prompt_tokens": len(prompt), "completion_tokens": len(drawn)},
            "auth": self.headers["Authorization"],  # a server may echo anything
        }

    def chat(self, body, number):
        """Return a chat completion: an entry for each token, with a list of its own."""
        openai = self.server.style == "openai"
        most = body["top_logprobs"]
        content = []
        for token, logprobs, order in self.server.draw(
            body["messages"][-1]["content"], body, number
        ):
            listed = order[:most].tolist()
            if not openai:
                listed = [*dict.fromkeys([token, *listed])][:most]
            tops = [self.chat_entry(k, logprobs, openai) for k in listed]
            content.append({**self.chat_entry(token, logprobs, openai), "top_logprobs": tops})

        message = {"role": "assistant", "content": "".join(item["token"] for item in content)}
        choice = {
            "index": 0,
            "message": message,
            "logprobs": {"content": content},
            "finish_reason": "length",
        }
        return {"object": "chat.completion", "model": "tiny", "choices": [choice]}

    def chat_entry(self, token, logprobs, openai):
        """Return a token as chat lists it; vLLM spells the text, whatever the bytes were."""
        text = self.server.text(token)
        spelling = self.server.spelling(token) if openai else text.encode()
        return {"token": text, "bytes": list(spelling), "logprob": round(logprobs[token], 6)}

    def llama_server(self, body, number):
        """Return llama-server's own completion, which does not report parts of characters."""
        entries = []
        for token, logprobs, order in self.server.draw(body["prompt"], body, number):
            if "\ufffd" not in self.server.text(token):
                likeliest = order[: body["n_probs"]]
                tops = [self.llama_entry(int(k), logprobs) for k in likeliest]
                entries.append({**self.llama_entry(token, logprobs), "top_logprobs": tops})
        answer = {"content": "", "completion_probabilities": entries, "stop": True}
        if self.server.says is not None:
            answer["generation_settings"] = self.server.settings(body)
        return answer

    def llama_entry(self, token, logprobs):
        """Return a token as llama-server lists it."""
        spelling = self.server.spelling(token)
        return {
            "id": token,
            "token": spelling.decode("utf-8", "ignore"),
            "bytes": list(spelling),
            "logprob": round(logprobs[token], 6),
        }


def main():
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        description="An inference server on this machine that can be told how to misbehave."
    )
    parser.add_argument("--port", type=int, default=8080, help="default: %(default)s")
    parser.add_argument(
        "--do",
        choices=BEHAVIOURS,
        default="honest",
        help="with the temperature and the truncation asked for (default: %(default)s)",
    )
    parser.add_argument(
        "--unwatched",
        choices=BEHAVIOURS,
        help="where no log-probabilities are asked for (default: the same)",
    )
    parser.add_argument(
        "--style",
        choices=("vllm", "openai"),
        default="vllm",
        help="how chat lists tokens: the one drawn first, or the likeliest alone",
    )
    parser.add_argument(
        "--tempered", action="store_true", help="report log-probabilities after the temperature"
    )
    parser.add_argument(
        "--batch",
        type=int,
        default=1,
        metavar="N",
        help="so many requests in a row share their random numbers",
    )
    parser.add_argument(
        "--faults",
        nargs="*",
        default=(),
        metavar="FAULT",
        help="of the first requests, one each, such as 429 hang-up ''",
    )
    parser.add_argument(
        "--pieces",
        type=int,
        nargs="*",
        default=(),
        metavar="ID",
        help="tokens that stand for parts of characters",
    )
    options = vars(parser.parse_args())
    with DishonestServer(options.pop("do"), **options) as server:
        sys.stderr.write(f"{server.url}\n")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stderr.write("\n")


if __name__ == "__main__":
    main()

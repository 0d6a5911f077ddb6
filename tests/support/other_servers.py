"""A server with the interfaces of Ollama, OpenAI's Responses, SGLang and TGI, whole or streamed."""

import json

from examples.dishonest_server import DishonestServer, _Handler

PATHS = ("/api/generate", "/api/chat", "/v1/responses", "/generate")


class _OtherHandler(_Handler):
    """Puts the draws of a `DishonestServer` into the forms of other interfaces."""

    def respond(self, body, number, fault):
        if self.path not in PATHS and not body.get("stream"):
            super().respond(body, number, fault)
        elif not (fault and self.fail(fault, body, number)):
            chunks = self.chunks(body, number)
            if body.get("stream"):
                self.send(200, "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks))
            else:
                self.send(200, chunks[-1])

    def drawn(self, body, number):
        """Return (id, log-probability, [(id, log-probability), …]) of each draw."""
        parts = ("options", "parameters", "sampling_params")
        settings = next((body[name] for name in parts if name in body), body)
        lengths = ("num_predict", "max_output_tokens", "max_new_tokens", "max_tokens", "n_predict")
        asked = {**settings, "max_tokens": next(settings[n] for n in lengths if n in settings)}
        listed = ("top_n_tokens", "top_logprobs", "top_logprobs_num", "logprobs", "n_probs")
        most = next({**body, **settings}[name] for name in listed if name in {**body, **settings})
        asked["top_k"] = max(asked.get("top_k", 0), 0)
        prompt = body.get("prompt") or body.get("inputs") or body.get("text") or body.get("input")
        prompt = prompt or body["messages"][-1]["content"]
        return [
            (token, logprobs[token], [(int(k), logprobs[k]) for k in order[:most]])
            for token, logprobs, order in self.server.draw(prompt, asked, number)
        ]

    def entries(self, drawn):
        return [
            {**self.entry(token, value), "top_logprobs": [self.entry(*item) for item in top]}
            for token, value, top in drawn
        ]

    def entry(self, token, value):
        return {**self.chat_entry(token, {token: value}, openai=True), "id": token}

    def chunks(self, body, number):
        """Return the chunks of a streamed answer, of which the last is the whole one if it is not.

        A stream of completions ends without the whole.
        """
        drawn = self.drawn(body, number)
        if self.path == "/v1/responses":
            part = {"type": "output_text", "logprobs": self.entries(drawn)}
            whole = {"object": "response", "output": [{"content": [part]}]}
            if not body.get("stream"):
                return [whole]
            return [{"type": "response.created"}, {"type": "response.completed", "response": whole}]
        if self.path == "/generate" and "text" in body:
            sizes = range(1, len(drawn) + 1) if body.get("stream") else [len(drawn)]
            return [self.sglang(drawn[:size], size == len(drawn)) for size in sizes]
        if self.path == "/generate":
            tokens = [{"id": token, "logprob": value, "text": "?"} for token, value, _ in drawn]
            tops = [[{"id": k, "logprob": value} for k, value in top] for *_, top in drawn]
            if not body.get("stream"):
                return [{"generated_text": "", "details": {"tokens": tokens, "top_tokens": tops}}]
            both = zip(tokens, tops, strict=True)
            return [{"token": x, "top_tokens": top, "generated_text": None} for x, top in both]
        if self.path.startswith("/api"):
            if not body.get("stream"):
                return [{"response": "", "done": True, "logprobs": self.entries(drawn)}]
            pieces = [
                {"response": "?", "done": False, "logprobs": [x]} for x in self.entries(drawn)
            ]
            return [*pieces, {"response": "", "done": True, "eval_count": len(drawn)}]
        if self.path == "/completion":
            named = "completion_probabilities"
            pieces = [{"content": "?", "stop": False, named: [x]} for x in self.entries(drawn)]
            return [*pieces, {"content": "", "stop": True, "tokens_predicted": len(drawn)}]
        return self.openai_chunks(drawn)

    def sglang(self, drawn, whole):
        meta = {
            "id": "s",
            "finish_reason": {"type": "length"} if whole else None,
            "output_token_logprobs": [[value, token, None] for token, value, _ in drawn],
            "output_top_logprobs": [[[x, k, None] for k, x in top] for *_, top in drawn],
        }
        return {"text": "", "meta_info": meta}

    def openai_chunks(self, drawn):
        chat = self.path.endswith("chat/completions")
        head = {"id": "x", "object": "chat.completion.chunk" if chat else "text_completion"}
        chunks = []
        for (token, value, top), entry in zip(drawn, self.entries(drawn), strict=True):
            logprobs = {
                "tokens": [f"token_id:{token}"],
                "token_logprobs": [value],
                "top_logprobs": [{f"token_id:{k}": x for k, x in top}],
            }
            choice = {"index": 0, "logprobs": {"content": [entry]} if chat else logprobs}
            chunks.append({**head, "choices": [choice]})
        end = {"index": 0, "logprobs": None, "finish_reason": "length"}
        return [*chunks, {**head, "choices": [end]}, {**head, "choices": [], "usage": {}}]


class OtherServer(DishonestServer):
    """A `DishonestServer` with more interfaces."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.RequestHandlerClass = _OtherHandler

# /// script
# requires-python = ">=3.11"
# dependencies = ["playwright==1.65.2", "gguf==0.19.0", "numpy==2.4.6"]
# [tool.engine]
# name = "wllama"
# npm = ["@wllama/wllama@3.8.1"]
# ///
"""wllama, llama.cpp in a page, in the Chromium that is installed."""

import math
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import gguf_file
import interview
import node_lines
from known_logits import ROWS, Vocabulary
from playwright.sync_api import sync_playwright

LONGEST = 500  # tokens of a text
PAGE = """<!doctype html><meta charset="utf-8"><script type="module">
import { Wllama } from "/esm/index.js";
const wllama = new Wllama({ default: "/esm/wasm/wllama.wasm" });
const model = await (await fetch("/known.gguf")).blob();
await wllama.loadModel([model], { n_threads: 1, n_ctx: 2048 });
window.ask = (request) => wllama.createCompletion(request);
window.ready = true;
</script>"""
TOKEN = re.compile(r"<(\d+)>|(?s:.)")


class Wllama(interview.Engine):
    """Draws are those of `createCompletion`; tokens are read from the text."""

    off: ClassVar = {"top_k": 0, "top_p": 1.0, "min_p": 0.0}
    lacks: ClassVar = {"tail": "the sampler is that of llama.cpp's server, which was asked for it"}
    draws: ClassVar = 10_000

    def __init__(self) -> None:
        self.known = Vocabulary(ROWS, first=gguf_file.FIRST)
        self.folder = tempfile.TemporaryDirectory()
        root = Path(self.folder.name)
        (root / "index.html").write_text(PAGE)
        (root / "esm").symlink_to(Path(os.environ["NODE_MODULES"]) / "@wllama" / "wllama" / "esm")
        gguf_file.write(root / "known.gguf", self.known)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=root))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.playwright = sync_playwright().start()
        self.browser = self.playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        self.page = self._open()

    def versions(self) -> dict[str, str]:
        found = node_lines.versions("@wllama/wllama")
        return {"wllama": found["@wllama/wllama"], "Chromium": self.browser.version}

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        return self._draw(self.page, row, count, settings)

    def batch(self, row: str, copies: int, length: int, **settings: Any) -> list[list[int]]:
        answer = self._ask(self.page, row, length, settings | {"n": copies})
        if len(answer["choices"]) < copies:
            given = len(answer["choices"])
            raise interview.NoAnswerError(
                f"a request has one prompt; n = {copies} gives {given} text"
            )
        return [self._places(choice["text"], row) for choice in answer["choices"]]

    def logprobs(self, row: str, **settings: Any) -> list[float | None]:
        answer = self._ask(self.page, row, 1, settings | {"logprobs": ROWS[row].size})
        [step] = answer["choices"][0]["logprobs"]["content"]
        by_id = {entry["id"]: entry["logprob"] for entry in step["top_logprobs"]}
        start = self.known.start(row)
        return [by_id.get(start + place) for place in range(ROWS[row].size)]

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        many = 4 * interview.SOME
        yield (
            "temp",
            "temp = 0, the name in its types",
            lambda: self.counted("rank", many, **self.off, temp=0.0),
        )
        yield "seed_page", "no seed, two pages", self._two_pages

    def close(self) -> None:
        self.browser.close()
        self.playwright.stop()
        self.server.shutdown()

    def _two_pages(self) -> dict[str, Any]:
        hot = self.off | {"temperature": 1.0}
        pages = [self._open(), self._open()]
        return {"texts": [self._draw(page, "rank", 20, hot)[:20] for page in pages]}

    def _open(self) -> Any:
        page = self.browser.new_page()
        page.goto(f"http://127.0.0.1:{self.server.server_port}/index.html")
        page.wait_for_function("window.ready === true", timeout=300_000)
        page.set_default_timeout(300_000)
        return page

    def _draw(self, page: Any, row: str, count: int, settings: dict[str, Any]) -> list[int]:
        places: list[int] = []
        length = min(LONGEST, count)
        while len(places) < count:
            answer = self._ask(page, row, length, settings)
            new = self._places(answer["choices"][0]["text"], row) or [-1]
            length = interview.next_length(length, new)
            places += new
        return places

    def _places(self, text: str, row: str) -> list[int]:
        ids = [int(found[1]) if found[1] else 0 for found in TOKEN.finditer(text)]
        return self.known.places(ids, row)

    def _ask(self, page: Any, row: str, length: int, settings: dict[str, Any]) -> Any:
        prompt = gguf_file.spelt(self.known.start(row))
        request = {"prompt": prompt, "max_tokens": length} | settings
        # in single precision, which the engine has, 1e39 is infinity
        numbers = {name: 1e39 if value == math.inf else value for name, value in request.items()}
        try:
            return page.evaluate("(request) => window.ask(request)", numbers)
        except Exception as error:
            raise ValueError(str(error).split("\n")[0]) from error


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


if __name__ == "__main__":
    interview.main(Wllama)

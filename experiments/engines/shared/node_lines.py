"""A program in node that answers a line of JSON with a line of JSON.

The program prints {"answer": …}, or {"error": "…"} with what was thrown, and nothing else.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class NodeLines:
    """A node program, started at once."""

    def __init__(self, program: Path):
        self._process = subprocess.Popen(
            ["node", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, request: Mapping[str, Any]) -> Any:
        """Return the answer to a request; what the program threw is a ValueError."""
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"node ended with status {self._process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["answer"]

    def close(self) -> None:
        """End the program."""
        self._process.kill()
        self._process.wait()


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of npm packages, and of node."""
    folder = Path(os.environ["NODE_MODULES"])
    found = {
        name: json.loads((folder / name / "package.json").read_text())["version"]
        for name in packages
    }
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    return found | {"node": node.stdout.strip().removeprefix("v")}

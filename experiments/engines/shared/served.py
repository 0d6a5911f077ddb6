"""A server that is started as a process and asked over HTTP; needs the package httpx."""

import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

PATIENCE = 1_800  # seconds until a server must answer


class Served:
    """A server's process.

    Parameters
    ----------
    command : sequence of str
        Its command, to which the port is added.
    log : Path
        Where its output goes.
    ready : str
        The path that answers with status 200 as soon as the server is ready.
    variables : mapping of str to str
        What is set in its environment.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        ready: str,
        variables: Mapping[str, str] | None = None,
    ):
        port = _free_port()
        self.address = f"http://127.0.0.1:{port}"
        # a connection that is kept is closed by some servers while the next request is on its way
        self.http = httpx.Client(timeout=PATIENCE, limits=httpx.Limits(max_keepalive_connections=0))
        self._log = log.open("w", encoding="utf-8")
        self._process = subprocess.Popen(
            [*command, "--port", str(port)],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=os.environ | dict(variables or {}),
        )
        self._wait(ready)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the answer to a request; an error of the server is a ValueError in its words."""
        response = self.http.post(self.address + path, json=body)
        if response.status_code != 200:
            raise ValueError(f"status {response.status_code}: {response.text}")
        return response.json()

    def close(self) -> None:
        """End the process."""
        self.http.close()
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _wait(self, ready: str) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(f"the server ended with status {self._process.returncode}")
            try:
                if self.http.get(self.address + ready, timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.5)
        self.close()
        raise TimeoutError(f"no answer in {PATIENCE} s")


def _free_port() -> int:
    with socket.socket() as socket_:
        socket_.bind(("127.0.0.1", 0))
        return int(socket_.getsockname()[1])

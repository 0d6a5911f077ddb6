"""Ask an engine all questions: `python experiments/engines/run.py NAME`.

The packages that the engine's script names, in the block that Python calls inline script metadata,
are installed in a temporary environment; the script runs there, and `results/NAME.json` is
written.
"""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[0] = str(FOLDER.parent.parent)  # not this folder, where scripts are called as engines are

import argparse  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import re  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import tomllib  # noqa: E402
import venv  # noqa: E402
from typing import Any  # noqa: E402

from experiments.engines import questions  # noqa: E402

RESULTS = FOLDER / "results"
TRIES = 6  # an engine that ends the process is started again, after the question that did it
_BLOCK = re.compile(r"^# /// script\n((?:#.*\n)+?)# ///$", re.MULTILINE)


def engines() -> dict[str, Path]:
    """Return the scripts by name: the files with inline script metadata."""
    return {
        path.stem: path for path in sorted(FOLDER.glob("*.py")) if _BLOCK.search(path.read_text())
    }


def metadata(script: Path) -> dict[str, Any]:
    """Return what a script says of itself: `dependencies`, and `tool.engine`, its name and more."""
    found = _BLOCK.search(script.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{script} has no inline script metadata")
    return tomllib.loads(re.sub(r"^# ?", "", found[1], flags=re.MULTILINE))


def environment(script: Path, folder: Path) -> dict[str, str]:
    """Install a script's packages in a folder; return the variables of its environment."""
    said = metadata(script)
    engine = said["tool"]["engine"]
    variables = os.environ | {"PYTHONPATH": str(FOLDER / "shared"), "PYTHONDONTWRITEBYTECODE": "1"}
    variables |= {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}  # more would only wait
    if engine.get("ours"):
        variables["PYTHONPATH"] += os.pathsep + str(FOLDER.parent.parent)
        return variables | {"PYTHON": sys.executable}

    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    install = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-cache-dir",
        "--disable-pip-version-check",
    ]
    subprocess.run([*install, *said.get("dependencies", [])], check=True)
    if engine.get("uninstall"):
        subprocess.run(
            [python, "-m", "pip", "uninstall", "--quiet", "--yes", *engine["uninstall"]], check=True
        )
    if engine.get("npm"):
        command = [
            "npm",
            "install",
            "--silent",
            "--ignore-scripts",
            "--save-exact",
            "--prefix",
            folder,
        ]
        subprocess.run([*command, *engine["npm"]], check=True)
        variables["NODE_MODULES"] = str(folder / "node_modules")
    return variables | {"PYTHON": str(python)}


def interview(name: str, folder: Path, again: Path | None) -> dict[str, Any]:
    """Run an engine's script in its environment; return the result file's content."""
    script = engines()[name]
    said = metadata(script)
    variables = environment(script, folder)

    with tempfile.TemporaryDirectory(prefix="boltzmann-engine-") as work:
        path = Path(work) / "observed.json"
        if again is not None:
            path.write_text(again.read_text())
        for _ in range(TRIES):
            ended = subprocess.run(
                [variables["PYTHON"], "-P", script, path], env=variables, cwd=work
            )
            if ended.returncode == 0:
                break
        else:
            raise SystemExit(f"{name} ended the process {TRIES} times")
        document = json.loads(path.read_text())

    return {
        "engine": said["tool"]["engine"]["name"],
        "packages": said.get("dependencies", []) + said["tool"]["engine"].get("npm", []),
    } | document


def with_answers(document: dict[str, Any]) -> dict[str, Any]:
    """Return a result file's content with its answers computed from what it says was observed."""
    observed = dict(document["observed"])
    observed["unasked"] = observed["reading_1"]
    known = [key for key in questions.QUESTIONS if key in observed]
    extra = [key for key in observed if key.startswith("also_")]
    answers = {key: questions.answered(key, observed[key]) for key in [*known, *extra]}
    return {key: value for key, value in document.items() if key != "observed"} | {
        "answers": answers
    }


def observed_in(result: dict[str, Any]) -> dict[str, Any]:
    """Return what a result file holds, in the form that `with_answers` takes."""
    observed = {
        key: answer.get("observed", {"reason": answer.get("reason")})
        for key, answer in result["answers"].items()
        if key != "unasked"
    }
    return {key: value for key, value in result.items() if key != "answers"} | {
        "observed": observed
    }


def write(name: str, document: dict[str, Any]) -> None:
    """Write a result file, one answer a line."""
    head = {key: value for key, value in document.items() if key != "answers"}
    lines = [
        f'  "{key}": {json.dumps(a, ensure_ascii=False)}' for key, a in document["answers"].items()
    ]
    text = json.dumps(head, ensure_ascii=False, indent=1)[:-2]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(
        text + ',\n "answers": {\n' + ",\n".join(lines) + "\n }\n}\n"
    )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description="Ask an engine all questions, and write its result file."
    )
    parser.add_argument("name", choices=[*engines()])
    parser.add_argument("--environment", type=Path, metavar="DIR", help="install here, and keep it")
    parser.add_argument(
        "--only", nargs="+", metavar="KEY", help="ask these again, and keep the other answers"
    )
    parser.add_argument(
        "--reword", action="store_true", help="ask nothing; compute the answers again"
    )
    options = parser.parse_args()
    standing = RESULTS / f"{options.name}.json"
    if options.reword:
        write(options.name, with_answers(observed_in(json.loads(standing.read_text()))))
        return

    with tempfile.TemporaryDirectory(prefix="boltzmann-engine-") as temporary:
        again = None
        if options.only:
            document = observed_in(json.loads(standing.read_text()))
            again = Path(temporary) / "standing.json"
            kept = {key: o for key, o in document["observed"].items() if key not in options.only}
            again.write_text(json.dumps(document | {"observed": kept}))
        folder = options.environment or Path(temporary) / "environment"
        write(options.name, with_answers(interview(options.name, folder.absolute(), again)))


if __name__ == "__main__":
    main()

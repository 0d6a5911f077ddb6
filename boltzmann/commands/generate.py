"""The command `generate`: text from a language model at a temperature, printed as it is drawn."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from boltzmann.language import GPT2, Chain, LanguageModel, NGram, load_corpus, stream

_EXAMPLES = """\
examples:
  python -m boltzmann generate "The fire was" --temperature 0.7
  python -m boltzmann generate "The " --model letters --temperature 0.5 --length 400
  python -m boltzmann generate "Call me " --corpus my_book.txt --temperature 0.8
  python -m boltzmann generate "The old woman" --preset llama.cpp --seed 3
"""
_SETTINGS = ("temperature", "top_k", "top_p", "min_p")


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "generate",
        help="draw a text from a language model at a temperature",
        description=(
            "Draw a text from a language model, each token from softmax(logits / t), "
            "printed as it is drawn."
        ),
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    parser.add_argument(
        "prompt", nargs="?", default="", metavar="PROMPT", help="what the text begins with"
    )
    parser.add_argument(
        "-n", "--length", type=int, default=200, help="tokens to draw; letters are tokens (200)"
    )
    parser.add_argument("--seed", type=int, default=0, help="one seed gives one text (0)")

    _add_model(parser)
    _add_sampling(parser)
    parser.set_defaults(run=run)


def _add_model(parser: argparse.ArgumentParser) -> None:
    model = parser.add_argument_group("model").add_mutually_exclusive_group()
    model.add_argument(
        "--model",
        default="tiny",
        metavar="NAME",
        help="tiny, a small GPT-2 that ships with the package (the default); letters, a letter "
        "model of the text that ships; a GPT-2 on the Hugging Face hub, such as gpt2; or the path "
        "of a folder with one",
    )
    model.add_argument("--corpus", metavar="FILE", help="a letter model of this UTF-8 text instead")

    parser.add_argument(
        "--order",
        type=int,
        default=6,
        help="of a letter model: it knows the last ORDER - 1 letters (6)",
    )


def _add_sampling(parser: argparse.ArgumentParser) -> None:
    sampling = parser.add_argument_group("sampling")
    sampling.add_argument("-t", "--temperature", type=float, metavar="T", help="from 0 to inf (1)")
    sampling.add_argument("--top-k", type=int, metavar="K", help="keep the K most probable tokens")
    sampling.add_argument(
        "--top-p", type=float, metavar="P", help="keep the fewest tokens with this probability"
    )
    sampling.add_argument(
        "--min-p",
        type=float,
        metavar="P",
        help="keep tokens at least P times as probable as the most probable one",
    )

    sampling.add_argument(
        "--preset",
        metavar="ENGINE",
        help="the order and the defaults of transformers, vllm, llama.cpp or ollama, "
        "for all that is not given",
    )


def run(options: argparse.Namespace) -> int:
    """Print the prompt and what follows it; return 0.

    Raises
    ------
    ValueError, OSError, ImportError
        If the model cannot be loaded or an option is out of range, in one line.
    """
    settings = {name: value for name in _SETTINGS if (value := getattr(options, name)) is not None}
    if options.preset is not None:
        settings = {"chain": Chain.preset(options.preset, **settings)}

    model = _model(options)
    ids = stream(model, options.prompt, options.length, seed=options.seed, **settings)
    sys.stdout.write(options.prompt)
    for text in whole_letters(model, ids):
        sys.stdout.write(text)
        sys.stdout.flush()
    sys.stdout.write("\n")
    return 0


def _model(options: argparse.Namespace) -> LanguageModel:
    if options.corpus is not None or options.model == "letters":
        return NGram.fit(load_corpus(options.corpus), order=options.order)
    model: LanguageModel = GPT2.load(options.model)
    return model


def whole_letters(model: LanguageModel, ids: Iterable[int]) -> Iterator[str]:
    """Yield the text of tokens as soon as it ends in a whole letter: a token may be part of one."""
    pending: list[int] = []
    for token in ids:
        pending.append(token)
        text = model.decode(pending)
        if not text.endswith("\ufffd"):
            yield text
            pending.clear()
    if pending:
        yield model.decode(pending)

"""The options of `python -m boltzmann audit`."""

import argparse
from typing import Any

from boltzmann.commands._figures import figure_path

_DESCRIPTION = """\
Read the temperature at which tokens were drawn off the tokens, and tell whether it is the one
claimed.

Draws come from a file of JSON lines (saved responses with log-probabilities, or one draw a line)
or are asked of a live server. The claim is a temperature and nothing else, unless a truncation is
claimed beside it."""

_EPILOG = """\
examples:
  python -m boltzmann audit draws.jsonl --temperature 0.7
  python -m boltzmann audit --url http://127.0.0.1:8000/v1 --model NAME --temperature 0.7
  python -m boltzmann audit --url https://api.openai.com/v1 --api chat --model NAME \\
      --temperature 0.7 --key-from OPENAI_API_KEY
  python -m boltzmann audit --url http://127.0.0.1:8080 --api llama --listed 100 --temperature 0.7

what is sent:
  completions  prompt, max_tokens, temperature, top_p, logprobs, and model
  chat         messages, max_tokens, temperature, top_p, logprobs, top_logprobs, and model
  responses    input, max_output_tokens, temperature, top_p, top_logprobs, include, store, and model
  llama        prompt, n_predict, temperature, n_probs, top_p, top_k, min_p, typical_p,
               repeat_penalty, model, and what switches off what the server says acts by default
  ollama(-chat) prompt or messages, stream, logprobs, top_logprobs, model, and options as in llama
  tgi          inputs, and in parameters do_sample, temperature, max_new_tokens, details,
               top_n_tokens
  sglang       text, return_logprob, top_logprobs_num, and in sampling_params temperature,
               max_new_tokens, top_p, top_k, min_p
  No seed is sent, so that draws are independent. top_p is 1 unless claimed. OpenAI's interface has
  no top_k and no min_p: they are sent when claimed. Servers that have them may truncate without
  being asked to, and the audit says so; vLLM takes --field top_k=0 for none, and
  --field return_tokens_as_token_ids=true to tell equal texts apart.

a line of a file is one of:
  {"logprobs": [-0.5, -1.2], "chosen": 0}
  {"logprobs": {"a": -0.5, "b": -1.2}, "chosen": "a", "group": "draws that may be dependent"}
  {"tokens": [266, 13], "logits": [3.1, 2.4], "chosen": 266}
  a response of /v1/completions, /v1/chat/completions, /v1/responses, llama-server's /completion,
  Ollama's /api/generate and /api/chat, or /generate of SGLang or text-generation-inference, with
  log-probabilities; a line of the output of OpenAI's Batch, or a chunk of a streamed answer

exit status: 0 the claim holds, 1 it does not, 2 it cannot be told, or there was an error"""


def add_options(subparsers: Any) -> argparse.ArgumentParser:
    """Add the sub-command to the parser of the command line, and return its own."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "audit",
        help="tell whether a server samples at the temperature that it is asked for",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="draws, as lines of JSON")
    _add_claim(parser.add_argument_group("the claim"))
    _add_judgement(parser.add_argument_group("how it is judged"))
    _add_server(parser.add_argument_group("a live server"))
    return parser


def _add_claim(group: Any) -> None:
    group.add_argument(
        "-t", "--temperature", type=float, required=True, metavar="T", help="at least 0"
    )
    group.add_argument(
        "--top-k", type=int, metavar="K", help="only the K likeliest tokens are left"
    )
    group.add_argument(
        "--top-p", type=float, metavar="P", help="the likeliest that together have probability P"
    )
    group.add_argument(
        "--min-p", type=float, metavar="P", help="those at least P times as probable as the first"
    )
    group.add_argument(
        "--order",
        metavar="ORDER",
        help="of temperature and truncations: that of transformers, vllm, llama.cpp, ollama, "
        "mistral.rs, keras-hub or mlx-lm; or the names of the steps, such as "
        "top_k,top_p,temperature (default: what the server says, else any of these engines', as "
        "long as one fits)",
    )


def _add_judgement(group: Any) -> None:
    group.add_argument(
        "--logprobs",
        choices=("auto", "raw", "tempered"),
        default="auto",
        help="whether they are reported before the temperature (raw: OpenAI, vLLM, llama-server) "
        "or after it (tempered: SGLang, TGI); auto asks a live server for one list twice, and "
        "takes a file's for raw",
    )
    group.add_argument(
        "--resolution",
        type=float,
        default=0.2,
        metavar="R",
        help="the claim holds if a temperature off by this fraction would have been seen (default: "
        "%(default)s: one that is ignored or applied twice is off by more, up to t = 0.8; half of "
        "it takes four times the draws)",
    )

    group.add_argument(
        "--false-alarms",
        type=float,
        default=1e-3,
        metavar="P",
        help="the probability of failing a true claim (default: %(default)s)",
    )
    group.add_argument(
        "--slack",
        type=float,
        default=0.012,
        metavar="NATS",
        help="the most by which log-probabilities reported may differ from those that were sampled "
        "from (default: %(default)s)",
    )
    group.add_argument(
        "--json", action="store_true", help="print the report as one JSON object, for programs"
    )
    group.add_argument(
        "--figure", type=figure_path, metavar="FILE", help="draw the finding, as .png or .svg"
    )


SERVER_OPTIONS: dict[str, dict[str, Any]] = {
    "model": {"metavar": "NAME", "default": "", "help": "of the model, as the server calls it"},
    "api": {
        "choices": (
            "completions",
            "chat",
            "responses",
            "llama",
            "ollama",
            "ollama-chat",
            "tgi",
            "sglang",
        ),
        "default": None,
        "help": "OpenAI's completions, chat or Responses, llama-server's own /completion, Ollama's "
        "own /api/generate or /api/chat, or /generate of text-generation-inference or SGLang "
        "(default: the one that the url ends with, else completions)",
    },
    "draws": {
        "type": int,
        "default": 6000,
        "metavar": "N",
        "help": "the most tokens to draw (default: %(default)s): an audit stops as soon as the "
        "claim is known to hold or to fail",
    },
    "blind": {
        "action": "store_true",
        "default": False,
        "help": "ask for the list after each prompt once, as long as --listed says, and then for "
        "tokens alone, --tokens copies of a prompt in a request: asking for log-probabilities can "
        "change the sampler (llama-server's runs elsewhere then), and an audit so asked cannot be "
        "told from other use. For completions, chat and llama",
    },
    "fixed": {
        "action": "store_true",
        "default": False,
        "help": "draw all of them, every prompt as often, and judge once: reads the temperature "
        "more closely, and sees fainter faults",
    },
    "tokens": {
        "type": int,
        "default": 16,
        "metavar": "N",
        "help": "that a request asks for, or with --blind copies of its prompt (default: "
        "%(default)s)",
    },
    "listed": {
        "type": int,
        "default": 20,
        "metavar": "M",
        "help": "likeliest tokens whose log-probabilities are asked for (default: %(default)s); "
        "OpenAI allows 20 in chat and 5 in completions, llama-server any number",
    },
    "prompt": {
        "action": "append",
        "metavar": "TEXT",
        "help": "ask this, and others given so, each in at least 16 requests in a row",
    },
    "field": {
        "action": "append",
        "metavar": "NAME=JSON",
        "help": "send this field as well, or instead, such as top_k=0 or options.num_ctx=512",
    },
    "key-from": {
        "metavar": "VARIABLE",
        "help": "name of the environment variable that holds the API key; by default none is sent",
    },
    "keep": {
        "metavar": "FILE",
        "help": "keep the draws there, or go on from those (default: named by the date)",
    },
    "concurrency": {
        "type": int,
        "default": 4,
        "metavar": "N",
        "help": "requests at once (default: %(default)s)",
    },
    "timeout": {
        "type": float,
        "default": 60.0,
        "metavar": "S",
        "help": "of a request (default: %(default)s s)",
    },
    "retries": {
        "type": int,
        "default": 5,
        "metavar": "N",
        "help": "of a request whose failure may pass (default: %(default)s)",
    },
}


def _add_server(group: Any) -> None:
    group.add_argument("--url", help="of its interface, such as http://127.0.0.1:8080/v1")
    for name, settings in SERVER_OPTIONS.items():
        group.add_argument(f"--{name}", **settings)

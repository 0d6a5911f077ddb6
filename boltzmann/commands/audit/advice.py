"""What to do about a fault: what may be its cause on this server, and what turns it off there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boltzmann.thermometer import Fault
from boltzmann.thermometer.io.interfaces import field_in

_NESTS = ("options", "parameters", "sampling_params")  # where interfaces keep sampler settings

# The field that turns a fault off, its value then, and the option that claims it.
_SWITCHES: dict[Fault, tuple[str, Any, str]] = {
    "hidden_top_k": ("top_k", 0, "--top-k"),
    "hidden_top_p": ("top_p", 1, "--top-p"),
    "hidden_min_p": ("min_p", 0, "--min-p"),
    "hidden_typical": ("typical_p", 1, ""),
    "likeliest_excluded": ("xtc_probability", 0, ""),
    "entropy_dependent": ("dynatemp_range", 0, ""),
}

# What may be the cause, by the first word of the engine's name; "" where it is unknown.
_CAUSES: dict[Fault, dict[str, str]] = {
    "hidden_top_k": {
        "": "Many servers truncate unless told not to: llama-server by top_k = 40, vLLM by what "
        "the model's generation_config.json says.",
        "llama-server": "llama-server truncates by top_k = 40 unless told not to.",
        "vLLM": "vLLM truncates by what the model's generation_config.json says, unless told not "
        "to.",
        "Ollama": "Ollama truncates by top_k = 40 unless told not to.",
    },
    "hidden_top_p": {
        "": "Many servers truncate unless told not to.",
        "Ollama": "Ollama truncates by top_p = 0.9 unless told not to.",
        "vLLM": "vLLM truncates by what the model's generation_config.json says, unless told not "
        "to.",
    },
    "hidden_min_p": {
        "": "Some servers truncate by min_p unless told not to: llama-server by 0.05.",
        "llama-server": "llama-server truncates by min_p = 0.05 unless told not to. Its "
        "top_n_sigma, a cutoff by standard deviations of the logits, looks the same where lists "
        "are alike.",
        "Ollama": "Ollama truncates by the min_p of the model's file, unless told not to.",
        "vLLM": "vLLM truncates by what the model's generation_config.json says, unless told not "
        "to.",
    },
    "hidden_typical": {"": "Locally typical sampling does so."},
    "likeliest_excluded": {"": "XTC does so."},
    "entropy_dependent": {"": "Dynamic temperature does so."},
    "penalised": {
        "": "Penalties of repetition, presence and frequency, and DRY, do so: what turns them off "
        "is a repeat_penalty (or repetition_penalty) of 1, and 0 for the others.",
        "vLLM": "vLLM penalises repetition where the model's generation_config.json says so: send "
        "--field repetition_penalty=1.",
    },
    "ignored": {
        "": "In a file, log-probabilities reported after the temperature look the same, as their "
        "own is 1: if the server reports such, say --logprobs tempered. Of a live server an audit "
        "finds that out by itself.",
    },
    "swapped_order": {
        "": "llama.cpp takes the temperature last, transformers and vLLM first, and vLLM min_p "
        "before top_p: --order llama.cpp claims that. Without --order any of them will do.",
    },
    "dependent_draws": {
        "": "Draws share their random numbers: one seed for several, or a cache of answers. Error "
        "bars that take them for independent are too small.",
    },
    "clamped": {
        "": "vLLM takes temperatures above 0 and below 0.01 for 0.01; ask for 0 instead.",
    },
    "biased": {"": "A logit bias, or a token that the server forbids."},
    "repeated_answers": {
        "": "A cache of answers, or one seed for requests with the same prompt.",
    },
    "unknown": {
        "": "The draws follow neither the claim nor any law that was tried. Grammars, mirostat and "
        "other cutoffs that move, mixtures of samplers, and log-probabilities of something else "
        "look so.",
    },
    "forbidden_token": {"": "A token was drawn to which the list gives probability 0."},
}


@dataclass(frozen=True)
class Audited:
    """The server that is audited, as far as advice depends on it.

    Attributes
    ----------
    sent : dict or None
        The body of a request; None for a file, of whose requests nothing is known.
    engine : str
        What the server calls itself; "" if it does not.
    """

    sent: Mapping[str, Any] | None = None
    engine: str = ""


def advice(fault: str, audited: Audited) -> str:
    """Return the cause that a fault may have on this server, and what to do next; "" if unknown."""
    causes = next((found for name, found in _CAUSES.items() if name == fault), {})
    words = audited.engine.split()
    cause = causes.get(words[0] if words else "", causes.get("", ""))
    switch = next((found for name, found in _SWITCHES.items() if name == fault), None)
    return " ".join(part for part in (cause, _what_to_do(switch, audited)) if part)


def _what_to_do(switch: tuple[str, Any, str] | None, audited: Audited) -> str:
    """Return how to claim a fault, or how to turn it off unless a request did that already."""
    if switch is None:
        return ""
    name, off, option = switch
    claim = f"Claim it ({option})" if option else ""
    if audited.sent is None:
        return f"{claim}." if claim else ""

    nested = next((f"{nest}.{name}" for nest in _NESTS if nest in audited.sent), name)
    value = field_in(audited.sent, nested)
    if value == off or (name == "top_k" and value == -1):
        start = f"It was sent off ({nested} = {value:g}), and acts all the same"
        return (
            f"{start}: claim it ({option}), or ask the server's keeper." if claim else f"{start}."
        )
    send = f"send what turns it off (--field {nested}={off:g})"
    return f"{claim}, or {send}." if claim else f"{send[0].upper()}{send[1:]}."

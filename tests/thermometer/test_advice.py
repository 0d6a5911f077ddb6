"""Advice about a fault: none that is false of the server at hand, none that was followed."""

from typing import get_args

import pytest

from boltzmann.commands.audit.advice import Audited, advice
from boltzmann.thermometer import Fault, SamplingLaw
from boltzmann.thermometer.io.requests import AuditRequest


def body(api):
    return AuditRequest("http://a", api, SamplingLaw(0.7)).body(0)


@pytest.mark.parametrize("fault", get_args(Fault))
@pytest.mark.parametrize("engine", ["vLLM 0.32.0", "llama-server b1", "SGLang", "Ollama 0.13.1"])
def test_no_other_engine_is_blamed(fault, engine):
    words = advice(fault, Audited(body("completions"), engine))
    if fault.startswith("hidden"):
        others = {"llama-server", "vLLM", "SGLang", "Ollama"} - {engine.split()[0]}
        assert engine == "SGLang" or not any(name in words for name in others)


def test_what_turns_a_fault_off_is_named_as_the_interface_does():
    told = advice("hidden_min_p", Audited(body("completions")))
    assert told.endswith("Claim it (--min-p), or send what turns it off (--field min_p=0).")
    told = advice("hidden_top_k", Audited({"options": {"top_k": 40}}, "Ollama 0.13"))
    assert told.endswith("(--field options.top_k=0).")
    told = advice("likeliest_excluded", Audited(body("llama"), "llama-server b1"))
    assert told == "XTC does so. Send what turns it off (--field xtc_probability=0)."


@pytest.mark.parametrize("api", ["llama", "ollama", "sglang"])
def test_nobody_is_told_to_send_what_was_sent(api):
    told = advice("hidden_min_p", Audited(body(api)))
    assert "min_p = 0), and acts all the same: claim it (--min-p)" in told
    assert "--field" not in told


def test_of_a_file_no_field_can_be_sent():
    assert advice("hidden_min_p", Audited()).endswith("Claim it (--min-p).")
    assert "--field" not in advice("entropy_dependent", Audited())
    assert advice("", Audited()) == advice("squared", Audited(body("chat"))) == ""

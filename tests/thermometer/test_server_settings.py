"""What a server says of its sampler: read, switched off where asked, and held beside the draws."""

import asyncio
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from boltzmann.commands.audit.said import without_a_name_for_what_acts
from boltzmann.language import draw
from boltzmann.thermometer import SamplingLaw, diagnose, load_draws, read
from boltzmann.thermometer.io.server_settings import (
    ServerSettings,
    in_words,
    law_of,
    listen,
    sampler_settings,
    settings_acting,
)
from examples.dishonest_server import DishonestServer
from tests.support.live_audits import LONG, isolated, kept_lines, run  # noqa: F401

ORDER = [
    "penalties",
    "dry",
    "top_n_sigma",
    "top_k",
    "typ_p",
    "top_p",
    "min_p",
    "xtc",
    "temperature",
]
LLAMA = {  # llama-server's own defaults, as it reports them
    "temperature": 0.800000011920929,
    "dynatemp_range": 0.0,
    "top_k": 40,
    "top_p": 0.949999988079071,
    "min_p": 0.05000000074505806,
    "top_n_sigma": -1.0,
    "xtc_probability": 0.0,
    "typical_p": 1.0,
    "repeat_last_n": 64,
    "repeat_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "dry_multiplier": 0.0,
    "mirostat": 0,
    "adaptive_target": -1.0,
    "seed": 4294967295,
    "samplers": ORDER,
}
ON = {
    "dynatemp_range": 0.3,
    "top_n_sigma": 1.0,
    "xtc_probability": 0.5,
    "typical_p": 0.9,
    "repeat_penalty": 1.1,
    "presence_penalty": 0.5,
    "frequency_penalty": 0.5,
    "dry_multiplier": 0.8,
    "mirostat": 2,
    "seed": 7,
}


def test_the_defaults_of_llama_server_are_a_law():
    settings = sampler_settings(LLAMA)
    assert law_of(settings) == SamplingLaw(0.8, 40, 0.95, 0.05, order="llama.cpp")
    assert settings_acting(settings) == {"top_k": 40, "top_p": 0.95, "min_p": 0.05}
    assert "in the order top_k, top_p, min_p, temperature" in in_words(settings)


@pytest.mark.parametrize("name", ON)
def test_a_setting_that_acts_is_switched_off_by_name(name):
    said = ServerSettings(defaults=sampler_settings(LLAMA | {name: ON[name]}))
    assert settings_acting(said.defaults)[name] == ON[name]
    assert [*said.fields_off] == [name]
    off = sampler_settings(LLAMA | said.fields_off)
    assert name not in settings_acting(off)
    assert law_of(off) is not None
    assert law_of(said.defaults) is None


@pytest.mark.parametrize(
    "chain",
    [
        ["temperature", "top_p", "min_p", "top_k"],
        ["top_k", "top_p", "min_p"],
        [*ORDER, "adaptive_p"],
        [*ORDER, "temperature"],
        [],
    ],
)
def test_another_order_of_samplers_is_put_back(chain):
    assert ServerSettings(defaults={"samplers": chain}).fields_off == {"samplers": ORDER}


def test_what_does_nothing_is_left_alone():
    """Older servers lack samplers; a setting whose sampler is not in the chain does not act."""
    shorter = ["top_k", "typ_p", "top_p", "min_p", "temperature"]
    quiet = LLAMA | {"samplers": shorter, "xtc_probability": 0.5, "adaptive_target": 0.3}
    assert ServerSettings(defaults=sampler_settings(quiet)).fields_off == {}
    louder = quiet | {"samplers": ["top_k"]}
    assert {*ServerSettings(defaults=louder).fields_off} == {"samplers", "xtc_probability"}
    forgotten = LLAMA | {"repeat_penalty": 1.3, "repeat_last_n": 0}
    assert "repeat_penalty" not in settings_acting(forgotten)
    assert ServerSettings().fields_off == {}


def test_where_the_temperature_stands_in_the_chain_is_the_order_of_the_law():
    first = LLAMA | {"samplers": ["temperature", "top_k", "top_p", "min_p"]}
    assert law_of(first).temperature_first
    between = law_of(LLAMA | {"samplers": ["top_p", "temperature", "min_p"]})
    assert between.order.steps == ("top_p", "temperature", "min_p", "top_k")
    assert law_of(LLAMA | {"samplers": ["top_k", "top_p", "min_p"]}).temperature == 1.0
    assert law_of(LLAMA | {"samplers": ["temperature", "temperature"]}) is None
    assert law_of({"top_k": 3}) is None


@pytest.mark.parametrize(
    ("answers", "engine", "model"),
    [
        (
            {
                "/version": {"version": "0.32.0"},
                "/v1/models": {"data": [{"id": "tiny", "owned_by": "vllm", "root": "m/tiny"}]},
            },
            "vLLM 0.32.0",
            "m/tiny",
        ),
        (
            {"/get_model_info": {"model_path": "q", "preferred_sampling_params": {"top_k": 20}}},
            "SGLang",
            "q",
        ),
        (
            {"/info": {"model_id": "gpt2", "version": "3.3.6"}},
            "text-generation-inference 3.3.6",
            "gpt2",
        ),
        ({"/api/version": {"version": "0.13.1"}}, "Ollama 0.13.1", ""),
        ({"/props": {"build_info": "b1", "model_path": "a.gguf"}}, "llama-server b1", "a.gguf"),
        ({}, "", ""),
        ({"/version": ["?"], "/v1/models": {"data": 3}, "/info": None, "/props": 1}, "", ""),
    ],
)
def test_a_server_is_named_as_it_names_itself(answers, engine, model):
    async def get(path):
        return answers.get(path)

    said = asyncio.run(listen(get))
    assert (said.engine, said.model) == (engine, model)
    assert said.defaults == ({"top_k": 20} if engine == "SGLang" else {})


def test_what_a_server_reports_as_on_is_not_asked_of_it(capsys):
    """`--api llama` sends each by name, says so, and goes on from the journal with the same."""
    with DishonestServer(says=LLAMA | ON) as server:
        for draws in (40, 80):
            run(server, "--api", "llama", "--field", "xtc_probability=0.25", draws=draws)
        bodies = server.bodies
    out = " ".join(capsys.readouterr().out.split())
    off = ServerSettings(defaults=LLAMA | ON).fields_off
    for body in bodies:
        expected = off | {"xtc_probability": 0.25}
        assert {name: body[name] for name in off} == expected
    assert "switched off for this audit: typical_p, top_n_sigma, dynatemp_range, repeat" in out
    assert {*off} == {*ON}
    assert kept_lines()[0]["audit"]["said"]["defaults"]["mirostat"] == 2
    assert load_draws("draws.jsonl").settings[0]["xtc_probability"] == 0.25


@pytest.mark.parametrize(
    ("behaviour", "says", "arguments", "status", "finding"),
    [
        ("honest", {}, [], 0, ""),
        ("doubled", {}, [], 1, "says that it does what is claimed, and its draws do not follow"),
        ("ignored", {"temperature": 1.0}, [], 1, "says t = 1, which is not what is claimed; the"),
        ("honest", {"temperature": 1.4}, [], 0, "says t = 1.4, .* do not follow that"),
        ("doubled", {"temperature": 1.0}, [], 1, "the draws do not follow that either"),
        ("honest", {"xtc_probability": 0.5}, [], 0, "xtc_probability acts, .* do not show it"),
    ],
)
def test_what_is_said_stands_beside_what_is_measured(
    behaviour, says, arguments, status, finding, capsys
):
    """2,400 draws: t = 0.7 is told from 1 and 1.4, and 1 from 1.4, by more than 10 errors (σ)."""

    class Saying(DishonestServer):
        """Reports some settings whatever was asked."""

        def settings(self, body):
            return super().settings(body) | says

    with Saying(behaviour, says={**LLAMA, "xtc_probability": 0.0}) as server:
        assert run(server, *LONG, "--api", "llama", *arguments, draws=2400) == status
    out = " ".join(capsys.readouterr().out.split())
    assert ("finding" in out) == bool(finding)
    assert "said" in out
    assert re.search(finding, out)


def test_defaults_act_where_the_interface_cannot_switch_them_off(capsys):
    """Completions name neither top_k nor min_p: both are then in force, by the server's word."""
    with DishonestServer(says=LLAMA) as server:
        run(server, *LONG, t=0.7, draws=1200)
    out = " ".join(capsys.readouterr().out.split())
    assert "said t = 0.7, top_k = 40, min_p = 0.05, in the order" in out
    assert "finding the server says t = 0.7, top_k = 40, min_p = 0.05, temperature last" in out


def test_a_saved_answer_keeps_what_the_server_said(tmp_path):
    entry = {"id": 1, "token": "a", "logprob": -0.5}
    listed = [{"id": k, "token": "abc"[k - 1], "logprob": -k / 2} for k in (1, 2, 3)]
    answer = {
        "completion_probabilities": [{**entry, "top_logprobs": listed}],
        "generation_settings": LLAMA,
    }
    other = {**answer, "generation_settings": LLAMA | {"top_k": 7, "n_predict": 3}}
    path = tmp_path / "draws.jsonl"
    path.write_text("".join(json.dumps(x) + "\n" for x in (answer, answer, other)))
    saved = load_draws(path)
    assert [settings["top_k"] for settings in saved.settings] == [40, 7]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"top_n_sigma": 1.0, "temperature": 0.7}, "unknown"),
        ({"top_n_sigma": -1.0, "temperature": 0.7}, "hidden_min_p"),
        ({"min_p": 0.0, "temperature": 0.7}, "hidden_min_p"),
    ],
)
def test_a_cutoff_that_the_server_calls_otherwise_is_not_named(said, fault):
    """Of one row a cutoff by standard deviations is at the place of a min_p."""
    x = -np.log(np.arange(1.0, 41.0))
    chosen = draw(x, temperature=0.7, size=2000, seed=1, min_p=0.1)
    diagnosis = diagnose(read(x, chosen), 0.7)
    assert diagnosis.fault.startswith("hidden_")
    if diagnosis.fault != "hidden_min_p":
        diagnosis = replace(diagnosis, fault="hidden_min_p")
    found = without_a_name_for_what_acts(diagnosis, [said])
    assert (found.verdict, found.fault) == ("fails", fault)
    if fault == "unknown":
        assert "the server says that top_n_sigma acts" in found.seen[0].words

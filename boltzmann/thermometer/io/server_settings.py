"""What a server says of itself: its name, its model, and the sampler settings in force.

Settings have llama.cpp's names: llama-server reports them all, as defaults at /props and of each
answer as `generation_settings`. vLLM, SGLang, text-generation-inference and Ollama name their
version and model at addresses of their own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from boltzmann.thermometer.laws import SamplingLaw
from boltzmann.thermometer.orders import Order, order_of_samplers

# Each setting at which its sampler does nothing. A top_k below 1 and a mirostat of 0 are off too.
_OFF: dict[str, Any] = {
    "top_k": 0,
    "top_p": 1.0,
    "min_p": 0.0,
    "typical_p": 1.0,
    "top_n_sigma": -1.0,
    "xtc_probability": 0.0,
    "dynatemp_range": 0.0,
    "repeat_penalty": 1.0,
    "repetition_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "dry_multiplier": 0.0,
    "adaptive_target": -1.0,
    "mirostat": 0,
    "seed": -1,
    "logit_bias": [],
    "grammar": "",
}
_RANDOM_SEEDS = (-1, 2**32 - 1)
_NONPOSITIVE_IS_OFF = ("top_k", "top_n_sigma", "mirostat")
_NEGATIVE_IS_OFF = ("adaptive_target",)

# The sampler that a setting is of, where its name is another; "temperature" has two settings.
_SAMPLER = {
    "typical_p": "typ_p",
    "xtc_probability": "xtc",
    "dynatemp_range": "temperature",
    "repeat_penalty": "penalties",
    "presence_penalty": "penalties",
    "frequency_penalty": "penalties",
    "dry_multiplier": "dry",
    "adaptive_target": "adaptive_p",
}
_OUTSIDE_THE_CHAIN = ("mirostat", "seed", "logit_bias", "grammar", "repetition_penalty")
_TRUNCATIONS = ("top_k", "top_p", "min_p")
_ORDER = (
    "penalties",
    "dry",
    "top_n_sigma",
    "top_k",
    "typ_p",
    "top_p",
    "min_p",
    "xtc",
    "temperature",
)  # llama.cpp's own
_KEPT = (*_OFF, "temperature", "samplers", "repeat_last_n")


@dataclass(frozen=True)
class ServerSettings:
    """What a server says before it is asked for draws.

    Attributes
    ----------
    engine : str
        Its name and version; "" if it says neither.
    model : str
        What it serves; "" if it does not say.
    defaults : dict
        The sampler settings of a request that sends none, by llama.cpp's names.
    most_listed : int, optional
        The longest list that it allows, if it refused longer ones.
    """

    engine: str = ""
    model: str = ""
    defaults: dict[str, Any] = field(default_factory=dict)
    most_listed: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)

    @property
    def fields_off(self) -> dict[str, Any]:
        """The fields of llama-server's completion that switch off what acts by default.

        A request names its temperature and its claimed truncation besides. The chain of samplers is
        named where the default one lacks a sampler that requests rely on, or has another order.
        """
        order = self.defaults.get("samplers")
        another = isinstance(order, list) and not _is_standard(order)

        # What mirostat and another chain leave out acts once they are off.
        then = self.defaults | {"mirostat": 0} | ({"samplers": list(_ORDER)} if another else {})
        acting = {**settings_acting(then), **settings_acting(self.defaults)}
        fields = {name: off for name, off in _OFF.items() if name in acting}
        fields = {name: off for name, off in fields.items() if name not in _TRUNCATIONS}
        if another:
            fields["samplers"] = list(_ORDER)
        return fields


def _is_standard(order: list[Any]) -> bool:
    """Tell whether a chain has llama.cpp's order, and all that a claim may be about."""
    places = [_ORDER.index(name) for name in order if name in _ORDER]
    whole = {"temperature", *_TRUNCATIONS} <= {*order}
    return whole and len(places) == len(order) and places == sorted({*places})


def sampler_settings(found: Any) -> dict[str, Any]:
    """Return the known settings in what a server reports, rounded as float32 is; {} if none are."""
    if not isinstance(found, Mapping):
        return {}
    return {name: _plain(found[name]) for name in _KEPT if found.get(name) is not None}


def _plain(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value


def settings_acting(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that change the draws, apart from the temperature, by name.

    A setting whose sampler is not in the chain does nothing; penalties of the last 0 tokens do not
    either; mirostat replaces the whole chain.
    """
    acting = {name: settings[name] for name in _OFF if name in settings and _acts(name, settings)}
    if "mirostat" in acting:
        return {name: acting[name] for name in _OUTSIDE_THE_CHAIN if name in acting}
    return acting


def _acts(name: str, settings: Mapping[str, Any]) -> bool:
    value = settings[name]
    if value == _OFF[name] or (name == "seed" and value in _RANDOM_SEEDS):
        return False
    if isinstance(value, int | float) and (
        (name in _NONPOSITIVE_IS_OFF and value <= 0) or (name in _NEGATIVE_IS_OFF and value < 0)
    ):
        return False
    sampler = _SAMPLER.get(name, name)
    if sampler == "penalties" and settings.get("repeat_last_n") == 0:
        return False
    chain = settings.get("samplers")
    if name in _OUTSIDE_THE_CHAIN or not isinstance(chain, list):
        return name != "adaptive_target"  # in no chain unless it is named there
    return sampler in chain or (sampler == "typ_p" and "typical_p" in chain)


def order_said(settings: list[dict[str, Any]]) -> Order | None:
    """Return the order of temperature and truncations that all settings name; None if none do."""
    chains = [found.get("samplers") for found in settings]
    if not chains or any(chain != chains[0] for chain in chains):
        return None
    if not isinstance(chains[0], list) or "temperature" not in chains[0]:
        return None
    return order_of_samplers(chains[0])


def law_of(settings: Mapping[str, Any]) -> SamplingLaw | None:
    """Return the law that settings describe; None if no law of this form does."""
    acting = settings_acting(settings)
    t = settings.get("temperature")
    if not isinstance(t, int | float) or {*acting} - {*_TRUNCATIONS}:
        return None

    chain = settings.get("samplers")
    samplers = chain if isinstance(chain, list) else list(_ORDER)
    if len({*samplers}) < len(samplers):
        return None
    truncations = {name: acting.get(name) for name in _TRUNCATIONS}
    if "temperature" not in samplers:
        order = order_of_samplers([*samplers, "temperature"])
        return SamplingLaw(1.0, **truncations, order=order)
    return SamplingLaw(max(float(t), 0.0), **truncations, order=order_of_samplers(samplers))


def in_words(settings: Mapping[str, Any]) -> str:
    """Return settings as a list of those that act, with their order where it matters."""
    acting = settings_acting(settings)
    parts = [f"t = {settings['temperature']:g}"] if "temperature" in settings else []
    parts += [f"{name} = {_short(value)}" for name, value in acting.items()]
    chain = settings.get("samplers")
    if isinstance(chain, list):
        if "temperature" not in chain and "mirostat" not in acting:
            parts.append("no temperature in its chain of samplers")
        used = {_SAMPLER.get(name, name) for name in acting} | {"temperature"}
        order = [str(name) for name in chain if name in used]
        if len(order) > 1 and "mirostat" not in acting:
            parts.append(f"in the order {', '.join(order)}")
    return ", ".join(parts)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


async def listen(get: Callable[[str], Awaitable[Any]]) -> ServerSettings:
    """Return what a server says of itself.

    Parameters
    ----------
    get : callable
        Given a path from the root of the server, returns the JSON there, None if there is none.
    """
    paths = ("/props", "/version", "/get_model_info", "/info", "/api/version", "/v1/models")
    found = dict(zip(paths, await asyncio.gather(*map(get, paths)), strict=True))
    answers = {path: x if isinstance(x, Mapping) else {} for path, x in found.items()}
    models = answers["/v1/models"].get("data")
    first = models[0] if isinstance(models, list) and models else {}
    first = first if isinstance(first, Mapping) else {}

    props = answers["/props"]
    default = props.get("default_generation_settings")
    default = default if isinstance(default, Mapping) else {}
    defaults = sampler_settings(default.get("params", default))
    if "/get_model_info" in answers and not defaults:
        defaults = sampler_settings(answers["/get_model_info"].get("preferred_sampling_params"))

    return ServerSettings(_engine(answers, first), _model(answers, first), defaults)


def _engine(answers: Mapping[str, Mapping[str, Any]], model: Mapping[str, Any]) -> str:
    """Return the name and the version of an engine, as far as they are said."""
    if build := answers["/props"].get("build_info"):
        return f"llama-server {build}"
    if "model_id" in answers["/info"]:
        return f"text-generation-inference {answers['/info'].get('version', '')}".strip()
    version = answers["/version"].get("version")
    if "model_path" in answers["/get_model_info"]:
        return f"SGLang {version or ''}".strip()
    if isinstance(version, str):
        owner = model.get("owned_by")
        return f"{'vLLM' if owner == 'vllm' else owner or 'version'} {version}"
    if isinstance(version := answers["/api/version"].get("version"), str):
        return f"Ollama {version}"
    return ""


def _model(answers: Mapping[str, Mapping[str, Any]], model: Mapping[str, Any]) -> str:
    """Return the model that is served, as the server calls it."""
    said = [
        answers["/info"].get("model_id"),
        answers["/get_model_info"].get("model_path"),
        answers["/props"].get("model_path"),
        model.get("root"),
        model.get("id"),
    ]
    return next((name for name in said if isinstance(name, str) and name), "")

"""Whether log-probabilities are those before or after the temperature: two lists tell."""

from typing import Any

import numpy as np

from boltzmann.thermometer.io.tokens import ObservedDraw

PROBE_TEMPERATURES = (1.0, 0.5)  # allowed everywhere, and far enough apart to show in the lists
_PLACEHOLDERS_BELOW = -100.0  # nats: no token that is really listed is as unlikely
_TOLERANCE = 0.05  # relative, for a slope of 1, for scatter about a line, and for a whole power
_FEWEST = 3  # tokens in common from which a slope is fitted ...
_LEAST_RANGE = 0.5  # ... and the nats that they have to span


def scale_of(plain: ObservedDraw, tempered: ObservedDraw, temperature: float) -> float | None:
    r"""Return the factor that makes log-probabilities those before a temperature, if lists tell.

    If they are reported before it, the lists asked for at t = 1 and ½ are the same; if after t^a,
    differences between tokens are :math:`2^a` times as large at ½. The factor is then t^a: a = 0,
    1, or 2 if the temperature is squared. None if lists have too few tokens in common.
    """
    slope = slope_between(_by_token(plain), _by_token(tempered))
    if slope is None:
        return None
    power = float(np.log(slope) / np.log(PROBE_TEMPERATURES[1]))
    whole = round(power)
    return float(temperature ** (whole if abs(power - whole) < _TOLERANCE else power))


def slope_between(plain: dict[Any, float], tempered: dict[Any, float]) -> float | None:
    """Return the ratio of differences in `plain` to those in `tempered`.

    It is 1 if no ratio fits all tokens in common, and None if these are too few to tell.
    """
    common = [token for token in plain if token is not None and token in tempered]
    x = np.array([tempered[token] for token in common])  # (m,)
    y = np.array([plain[token] for token in common])  # (m,)
    real = (x > _PLACEHOLDERS_BELOW) & (y > _PLACEHOLDERS_BELOW)
    x = x[real]
    y = y[real]
    if x.size < _FEWEST or np.ptp(x) < _LEAST_RANGE:
        return None

    # Least squares about the means: lists may be normalised differently.
    x = x - x.mean()
    y = y - y.mean()
    slope = float(x @ y / (x @ x))
    scatter = np.abs(y - slope * x).max()
    if abs(slope - 1) < _TOLERANCE or slope <= 0 or scatter > _TOLERANCE * np.ptp(y):
        return 1.0
    return slope


def _by_token(draw: ObservedDraw) -> dict[Any, float]:
    return dict(zip(draw.tokens, draw.logprobs, strict=True))

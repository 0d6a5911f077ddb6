"""Pages of text written at temperature t: their entropy and surprise."""

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtr

import boltzmann as bz
from boltzmann.language import GPT2, LanguageModel, stream
from boltzmann.statistics import pulls
from experiments.runner.table import Table, Verdict
from experiments.shared import p_values

TEMPERATURES = (0.0, 0.3, 0.5, 0.7, 0.85, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, np.inf)


class _Recording:
    """A model that records the logits that it returns."""

    def __init__(self, model: LanguageModel):
        self.encode = model.encode
        self.decode = model.decode
        self.model = model
        self.recorded: list[np.ndarray] = []

    def logits(self, context: Sequence[int]) -> np.ndarray:
        """Return the model's logits, and record them."""
        self.recorded.append(np.asarray(self.model.logits(context)))
        return self.recorded[-1]


class _Given:
    """A model whose logits are given to it."""

    def __init__(self, model: LanguageModel):
        self.encode = model.encode
        self.decode = model.decode
        self.given = np.empty(0)

    def logits(self, context: Sequence[int]) -> np.ndarray:
        """Return the logits that were given."""
        return self.given


def written(
    model: LanguageModel, prompt: str, length: int, t: float, seeds: Sequence[int]
) -> tuple[list[list[int]], np.ndarray]:
    """Return one page of ids for each seed, and the energies at each draw, (n, V)."""
    if isinstance(model, GPT2):
        return _written_together(model, prompt, length, t, seeds)
    recording = _Recording(model)
    pages = [list(stream(recording, prompt, length, t, seed=seed)) for seed in seeds]
    return pages, -np.array(recording.recorded)


def _written_together(
    model: GPT2, prompt: str, length: int, t: float, seeds: Sequence[int]
) -> tuple[list[list[int]], np.ndarray]:
    """Return what `written` does; each pass through the network is for all pages."""
    views = [_Given(model) for _ in seeds]
    streams = [
        stream(view, prompt, length, t, seed=s) for view, s in zip(views, seeds, strict=True)
    ]
    begun = model.encode(prompt).tolist()
    pages: list[list[int]] = [[] for _ in seeds]
    logits = np.empty((len(seeds), length, len(model.tokens)))
    for place in range(length):
        logits[:, place] = model.logits([begun + page for page in pages])
        for view, page, ids, row in zip(views, pages, streams, logits[:, place], strict=True):
            view.given = row
            page.append(next(ids))
    return pages, -logits.reshape(-1, logits.shape[-1])


def weighed(
    energies: np.ndarray, ids: np.ndarray, t: float, pages: int, name: str
) -> dict[str, float]:
    """Return entropy and surprise per symbol under the law at t, with their errors.

    Pages are independent, symbols are not: the means' errors come from the scatter of the pages.
    The variance of each symbol's surprise in its context, which the difference needs, is the heat
    capacity of that context.
    """
    p = bz.probabilities(energies, t)[np.arange(ids.size), ids]
    law, law_error = mean_of_pages(bz.entropy(energies, t), pages)
    sampled, sampled_error = mean_of_pages(np.abs(np.log(p)), pages)
    return {
        f"{name}law": law,
        f"{name}sampled": sampled,
        f"{name}law_error": law_error,
        f"{name}sampled_error": sampled_error,
        f"{name}difference_error": float(np.sqrt(bz.heat_capacity(energies, t).sum())) / ids.size,
    }


def mean_of_pages(values: np.ndarray, pages: int) -> tuple[float, float]:
    """Return the mean of a value per symbol, and its error by the scatter of the pages."""
    means = values.reshape(pages, -1).mean(axis=1)
    return float(means.mean()), float(means.std(ddof=1) / np.sqrt(pages))


def welch(
    weights: np.ndarray, means: np.ndarray, errors: np.ndarray, sizes: np.ndarray, sign: int
) -> tuple[float, float, float]:
    """Return Σ w m of some means m, its error, and the p-value of it not having the `sign`.

    Welch's test: variances differ, and the degrees of freedom are Satterthwaite's. All arrays have
    shape (n,); `sizes` says of how many values each mean is.
    """
    change = float(weights @ means)
    variances = np.square(weights * errors)
    error = float(np.sqrt(variances.sum()))
    freedom = variances.sum() ** 2 / (np.square(variances) / (sizes - 1)).sum()
    return change, error, float(stdtr(freedom, -sign * change / error))


def p_value(table: Table, name: str) -> float:
    """Return how likely differences between surprise and entropy as large as these are."""
    at = np.flatnonzero((table["temperature"] > 0) & (table["temperature"] < np.inf))
    z = pulls(*(table[f"{name}{column}"][at] for column in ("sampled", "law", "difference_error")))
    return p_values.of_squares(z)


def rises(table: Table) -> Verdict:
    """Judge whether the entropy falls anywhere as t rises, by the scatter of the pages."""
    steps, error = np.diff(table["law"]), np.hypot(table["law_error"][1:], table["law_error"][:-1])
    z = pulls(steps, 0.0, error)
    p = min(1.0, z.size * float(stdtr(table["pages"][0] - 1, z.min())))
    measured = f"smallest rise {steps.min():.3f} nats, at least {z.min():.1f} standard errors"
    claim, criterion = "entropy rises with t at every step", "a fall has p < 1e-06"
    return Verdict("rises", claim, measured, "no fall", criterion, p >= 1e-6)

"""What does a large model gain from a small one that guesses, and who then writes the text?

Objective. You can say what an engine's speculative decoding does with two distributions, how many
guesses it accepts and why the text is the large model's, and see what a small mistake in it costs.

What you need to know. The lessons `relaxation` (eigenvalues say how long a chain remembers),
`letters` and `thermometer`. A large model, the *target*, has the law p for the next token, a small
one, the *draft*, the law q, both at temperature t. The draft guesses some tokens; one call of the
target then gives p for all of them. A guess x is accepted with min(1, p(x)/q(x)) [1]_ [2]_.

Minutes. 40

Predict first. p = 0.5, 0.3, 0.2 and q = 0.2, 0.6, 0.2. With which probability is each of the three
accepted, and how many of all guesses? Metropolis repeats his last state after a rejection. What
would that do to a text? What has to be drawn instead, so that 0.5, 0.3 and 0.2 come out? An engine
forgets to divide the target's logits by t, and only those: at which t does its text seem drawn?

Run. Some seconds, on any machine:

    python -m experiments speculative

What the law predicts. Of all guesses Σ min(p, q) are accepted, which is 1 - TV with the distance TV
= Σ|p - q|/2. What is missing from p is max(0, p - q), and a rejected guess is replaced by a draw
from it: min(p, q) + max(0, p - q) = p, whatever the draft. Metropolis's and Hastings's independence
sampler [3]_ accepts with min(1, w_j/w_i), w = p/q: the same rule, from a state with w_i = 1. It
repeats a rejected state, and so remembers: its largest eigenvalue below 1 is 1 - 1/w, w being the
largest of all [4]_. And it accepts no more, Σ min(p_i q_j, p_j q_i): pairs drawn from p and q are
at least as far from pairs drawn from q and p as p is from q. In exchange it knows ratios of p
alone; replacing takes p itself, and with it the sum Z.

What would refute it. Letters after "the s" at t = 0.7 that do not follow p, from steps that replace
or from chains that repeat; shares accepted or repeated that are not the law's; eigenvalues of the
matrix that are not Liu's; texts of the small GPT-2 whose surprise is not its entropy, or that
accept other than 1 - TV of their contexts. The control, guesses replaced by draws from p, must
fail.

What you see. Upper left: a draft that knows only how often letters are, TV = 0.639 away, has 14,539
of 40,000 guesses accepted, where the law says 0.361; Metropolis's chain accepts 0.251. Lower left:
that chain's slowest correlation is 0.898 after a step, and one that replaces has none. Lower right:
tokens for each call of the transformer, four guessed by n-grams of its tokens: 1.14 with single
tokens, 2.60 with pairs, 1.77 with triples. Upper right: mistakes. With t for the draft alone, the
thermometer says `ignored`, and rightly: the text has t = 1. Of the others it says that they fail,
and mostly not why, since they are no temperature and no truncation. "Typical acceptance" [5]_, sold
as a feature, is one: 0.083 away from the law asked for.

The misconception. "A small model writes most of it, so the text is worse." Its law is the large
model's to the last digit, as long as what was guessed from is what is divided by. The small model
decides how fast it is written, and nothing else. "Then engines get it right." Not all: in
`findings` openvino-genai divides by the p of another token, and p = 0.5, 0.3, 0.2 with the draft of
the first question comes out as 0.28, 0.56, 0.16.

Answers. To what was to be predicted:

1. [first: 1; second: 0.5; third: 1; of all: 0.7] min(1, p/q), and Σ min(p, q).
2. It would stammer: a token for each rejection comes twice.
3. max(0, p - q), divided by its sum: here always the first, which lacks 0.3.
4. [1] What is kept is the law of the target, as it is divided: not at all.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from experiments import
run` was done.

1. The three letters of the first question with a pencil: what is accepted, what is drawn instead,
   and how long does Metropolis's chain remember? (1, 1/2 and 1, together 0.7; always the first,
   which has 0.3 too little; w is at most 2.5, so 0.6 of it is left after a step.)

2. An engine lets the target draw, too, and accepts a guess if it is the same token. Which law has
   its text, and how many of the guesses in exercise 1 does it accept? (p, as it is the target's
   draw either way; Σ p q = 0.32 in place of 0.7.)

3. If a share a is accepted everywhere, a call yields 1 + a + … + a^n tokens for n guesses [1]_.
   How many for a = 0.6 and n = 4, and how many at most? (2.31; 2.5.) And with itself as draft?

       from boltzmann.language import NGram, load_corpus, speculate
       model = NGram.fit(load_corpus(), order=5)
       print(speculate(model, model, "The fire ", length=200, proposals=4))  # all accepted

4. Which mistakes vanish at t = 1? (The first two: then no t was forgotten.)

       table = run("speculative", temperature=1.0).where(kind="audit")
       for mistake in zip(table["name"], table["distance"], table["fault"]):
           print(*mistake)

5. Replacing needs p as numbers that add up to 1. Why has a gas to repeat, then? (It knows ratios of
   p alone: what p has more than q takes Z, the sum that Metropolis's rule was made to avoid.)

References
----------
.. [1] Y. Leviathan, M. Kalman and Y. Matias, Proc. ICML 2023, PMLR 202, 19274.
.. [2] C. Chen et al., arXiv:2302.01318 (2023).
.. [3] W. K. Hastings, Biometrika 57, 97 (1970).
.. [4] J. S. Liu, Statistics and Computing 6, 113 (1996).
.. [5] T. Cai et al., Proc. ICML 2024, PMLR 235, 5209.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import GPT2, NGram, load_corpus, speculate
from boltzmann.statistics import goodness_of_fit, total_variation
from boltzmann.thermometer import SamplingLaw, diagnose, read
from experiments.drawings import speculative as drawings
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared import p_values, speculation
from experiments.shared.letters import shown
from experiments.shared.token_draft import Recorded, TokenNGram

CHAPTER = 155
FINDING = "Speculative decoding is Metropolis's acceptance, with no memory"
TRUNCATED = "top_k in the replacement"  # the one variant that is asked for a top_k

# What the thermometer is expected to call each variant.
NAMES = {
    "as published": "",
    "t for the draft alone": "ignored",
    "acceptance by p at t = 1": "unknown",
    "greedy match": "unknown",
    "typical acceptance": "unknown",
    "top_k of the draft, untold": "unknown",
    TRUNCATED: "unknown, or missing_truncation",
}


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    context: str = "the s"
    temperature: float = 0.7
    mixtures: tuple[float, ...] = (0.1, 0.3, 0.6, 1.0)  # how much of the draft is letter counts
    curve: int = 60  # points of the law
    steps: int = 20
    chains: int = 2000
    contexts: int = 40  # of the audits
    draws: int = 10_000  # of each audit
    audited: tuple[str, ...] = tuple(NAMES)
    top_k: int = 5
    prompt: str = "The fire was"
    drafts: tuple[tuple[int, int], ...] = ((1, 4), (2, 1), (2, 4), (2, 8), (3, 4))
    tokens: int = 200  # of each text
    seed: int = 2026


QUICK = Config(
    mixtures=(0.3, 1.0), curve=20, chains=1000, drafts=((2, 4),), tokens=60, audited=(*NAMES,)[:3]
)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Make single steps with drafts ever farther away, audit variants, and write texts."""
    generator = np.random.default_rng(config.seed)
    model = NGram.fit(load_corpus(), order=5)
    rows = _steps(config, model, generator)
    progress(0.2)
    rows += _audits(config, model, generator)
    progress(0.7)
    rows += _texts(config)
    return Table.of_rows(rows)


def _row(kind: str, **given: Any) -> dict[str, Any]:
    """Return one row of the table, blank in the columns that its kind does not use."""
    words = dict.fromkeys(("name", "verdict", "fault"), "")
    reals = ("distance", "shared", "repeat_shared", "eigenvalue", "diagonalised", "stays", "law")
    reals += ("expected", "variance", "surprise", "entropy", "heat_capacity", "reading")
    counts = (
        "tried",
        "accepted",
        "repeat_accepted",
        "stood",
        "stayed",
        "speculated",
        "repeated",
        "mistaken",
    )
    counts += ("order", "proposals", "tokens", "target_calls")
    row = {"kind": kind} | words | dict.fromkeys(reals, 0.0) | dict.fromkeys(counts, 0)
    return row | {k: _rounded(v) if isinstance(v, float) else v for k, v in given.items()}


def _rounded(value: float) -> float:
    """Return a value to seven digits, which are the same on every machine; rounding itself is 0."""
    return float(f"{value:.7g}") if abs(value) > 1e-12 else 0.0


def _steps(config: Config, model: NGram, generator: np.random.Generator) -> list[dict[str, Any]]:
    """Return the exact step for drafts on a curve, and counted steps for some of them."""
    target, counts = bz.softmax(
        np.array([model.logits(context) for context in (config.context, "")])
    )
    p = bz.temper(target, config.temperature)
    rows = []
    for mixture in np.linspace(0, 1, config.curve):
        q = bz.temper((1 - mixture) * target + mixture * counts, config.temperature)
        rows.append(_row("law", **_exact(p, q)))

    for mixture in config.mixtures:
        q = bz.temper((1 - mixture) * target + mixture * counts, config.temperature)
        rows += _counted(config, p, q, model.alphabet, generator)
    return rows


def _counted(
    config: Config,
    p: np.ndarray,
    q: np.ndarray,
    alphabet: tuple[str, ...],
    generator: np.random.Generator,
) -> list[dict[str, Any]]:
    """Return what steps with the draft q were counted to do, and how often each letter came."""
    each = np.zeros(config.steps * config.chains, np.int64)  # all of one row
    step = speculation.speculative(p[None], q[None])
    speculated, accepted = step.drawn(each, generator)
    mistaken, _ = replace(step, replacement=p[None]).drawn(each, generator)
    chain, moved = speculation.independence_chain(p, q, config.steps, config.chains, generator)

    neglected = int(np.argmax(p / q))
    stood = chain[:-1] == neglected
    found = _row(
        "step",
        **_exact(p, q),
        tried=each.size,
        accepted=int(accepted.sum()),
        repeat_accepted=moved,
        stood=int(stood.sum()),
        stayed=int((stood & (chain[1:] == neglected)).sum()),
    )

    # Of the chains only their last letters, which are independent.
    drawn = {"speculated": speculated, "mistaken": mistaken, "repeated": chain[-1]}
    counts = {name: np.bincount(tokens, minlength=p.size) for name, tokens in drawn.items()}
    letters = [
        _row(
            "letter",
            name=shown(alphabet[k]),
            distance=found["distance"],
            law=p[k],
            **{name: int(counted[k]) for name, counted in counts.items()},
        )
        for k in range(p.size)
    ]
    return [found, *letters]


def _exact(p: np.ndarray, q: np.ndarray) -> dict[str, float]:
    """Return what the two matrices of one step say: shares accepted, and what is remembered."""
    matrix = speculation.independence_matrix(p, q)
    symmetric = np.sqrt(p)[:, None] * matrix / np.sqrt(p)  # p_i P_ij is symmetric
    return {
        "distance": float(total_variation(p, q)),
        "shared": float(speculation.speculative(p, q).accepted()),
        "repeat_shared": speculation.independence_accepted(p, q),
        "eigenvalue": float(speculation.independence_eigenvalues(p, q)[0]),
        "diagonalised": float(np.sort(np.linalg.eigvalsh((symmetric + symmetric.T) / 2))[-2]),
        "stays": float(matrix.diagonal()[np.argmax(p / q)]),
    }


def _audits(config: Config, model: NGram, generator: np.random.Generator) -> list[dict[str, Any]]:
    """Return what each variant does exactly, what it did, and what the thermometer says of it."""
    text, t = load_corpus(), config.temperature
    places = np.linspace(0, len(text) - 5, config.contexts).astype(int)
    contexts = [text[place : place + 4] for place in places]
    target = bz.softmax(np.array([model.logits(context) for context in contexts]))
    draft = bz.softmax(np.array([model.logits(context[-1]) for context in contexts]))
    p = bz.temper(target, t)
    # Contexts take turns, so that what a variant does in one of them makes no series.
    each = np.arange(config.draws) % config.contexts
    rows = []

    steps = speculation.variants(target, draft, t, config.top_k)
    for name in config.audited:
        step = steps[name]
        tokens, accepted = step.drawn(each, generator)
        top_k = config.top_k if name == TRUNCATED else None
        asked = p if top_k is None else speculation.truncated(p, top_k)
        reading = read(np.log(target), tokens, rows=each)
        diagnosis = diagnose(reading, SamplingLaw(t, top_k=top_k))
        share = step.accepted()[each]
        rows.append(
            _row(
                "audit",
                name=name,
                distance=float(total_variation(step.law(), asked).mean()),
                tried=tokens.size,
                accepted=int(accepted.sum()),
                expected=float(share.sum()),
                variance=float((share * (1 - share)).sum()),
                reading=reading.temperature,
                verdict=diagnosis.verdict,
                fault=diagnosis.fault,
            )
        )
    return rows


def _texts(config: Config) -> list[dict[str, Any]]:
    """Return what texts of the small GPT-2 took with n-grams of its tokens as drafts."""
    target, t, rows = GPT2.load("tiny", np.float64), config.temperature, []
    drafts = {order: TokenNGram(target, load_corpus(), order) for order, _ in config.drafts}
    prompt = target.encode(config.prompt).tolist()
    for done, (order, proposals) in enumerate(config.drafts):
        recorded = Recorded(target, drafts[order], t)
        seed = config.seed + done
        found = speculate(
            recorded, drafts[order], config.prompt, config.tokens, t, seed=seed, proposals=proposals
        )
        ids = [*prompt, *found.tokens]
        share = recorded.shared(ids)
        levels = -np.asarray(target.all_logits(ids[:-1])[len(prompt) - 1 :], float)
        log_p = bz.log_softmax(-levels / t)
        rows.append(
            _row(
                "text",
                order=order,
                proposals=proposals,
                tokens=config.tokens,
                target_calls=found.target_calls,
                tried=found.proposed,
                accepted=found.accepted,
                expected=float(share.sum()),
                variance=float((share * (1 - share)).sum()),
                surprise=float(-log_p[np.arange(config.tokens), list(found.tokens)].sum()),
                entropy=float(bz.entropy(levels, t).sum()),
                heat_capacity=float(bz.heat_capacity(levels, t).sum()),
            )
        )
    return rows


def verdicts(table: Table) -> list[Verdict]:
    """Hold counted steps to the exact ones, texts to the target, and names to what was done."""
    steps, audits, texts = (table.where(kind=kind) for kind in ("step", "audit", "text"))
    exact = {name: np.r_[table.where(kind="law")[name], steps[name]] for name in EXACT}
    off = np.abs(exact["shared"] - (1 - exact["distance"])).max()
    liu = np.abs(exact["eigenvalue"] - exact["diagonalised"]).max()
    more = max(0.0, float((exact["repeat_shared"] - exact["shared"]).max()))
    rest = _chi2(texts["surprise"] - texts["entropy"], texts["heat_capacity"])
    share, stays = _shares(steps, "accepted", "tried", "shared"), _shares(steps, *STAYS)
    digits, drafts = "seven digits", "drafts"

    repeats = "the letter of the largest w is repeated as often as it should be"
    control = "control: replacing by a draw from p is caught"
    return [
        fits("law", "replaced letters obey the law", _letters(table, "speculated"), drafts),
        fits("repeats", "so do repeated ones", _letters(table, "repeated"), drafts),
        agrees("shared", "accepted by the exact step, less 1 − TV", off, 0, 1e-6, digits),
        fits("accepted", "as many are accepted", share, drafts),
        agrees("liu", "Liu's largest eigenvalue, less the matrix's", liu, 0, 1e-6, digits),
        fits("stays", repeats, stays, drafts),
        agrees("fewer", "Metropolis's chain accepts more by", more, 0, 1e-6, digits),
        fits("text", "texts of GPT-2 have the surprise of their contexts", rest, "χ² of texts"),
        fits("checked", "and accept 1 − TV of each context", _misses(texts), "χ² of texts"),
        fits("variants", "variants accept what they should", _misses(audits), "χ² of variants"),
        agrees("names", "variants not called what was expected", _misnamed(audits), 0, 0),
        differs("control", control, _letters(table, "mistaken")[-1], "the farthest draft"),
    ]


STAYS = ("stayed", "stood", "stays")
EXACT = ("distance", "shared", "repeat_shared", "eigenvalue", "diagonalised")


def _letters(table: Table, counts: str) -> list[float]:
    """Return how well the letters that came with each draft fit the target's law."""
    panels = [panel for _, panel in table.where(kind="letter").groups("distance")]
    laws = [panel["law"] / panel["law"].sum() for panel in panels]
    return [
        goodness_of_fit(panel[counts], law).p_value for panel, law in zip(panels, laws, strict=True)
    ]


def _shares(steps: Table, part: str, whole: str, law: str) -> list[float]:
    """Return how well each counted share fits its probability."""
    rows = zip(steps[part], steps[whole], steps[law], strict=True)
    return [goodness_of_fit([k, n - k], [p, 1 - p]).p_value for k, n, p in rows]


def _misnamed(audits: Table) -> int:
    """Return how many variants are not called what was expected."""
    rows = zip(audits["name"], audits["verdict"], audits["fault"], strict=True)
    return sum(
        fault not in NAMES[name].split(", or ") or (verdict == "holds") != (NAMES[name] == "")
        for name, verdict, fault in rows
    )


def _misses(rows: Table) -> float:
    return _chi2(rows["accepted"] - rows["expected"], rows["variance"])


def _chi2(differences: np.ndarray, variances: np.ndarray) -> float:
    return p_values.of_squares(differences / np.sqrt(variances))


def draw(table: Table) -> Figure:
    """Draw what is accepted and remembered, what texts take, and what audits of variants find."""
    figure = plots.figure(FINDING)
    panels = figure.subplots(2, 2, width_ratios=[4, 5])
    drawings.draw_accepted(panels[0, 0], table.where(kind="law"), table.where(kind="step"))
    drawings.draw_remembered(panels[1, 0], table.where(kind="law"), table.where(kind="step"))
    drawings.draw_audits(panels[0, 1], table.where(kind="audit"))
    drawings.draw_calls(panels[1, 1], table.where(kind="text"))
    return figure

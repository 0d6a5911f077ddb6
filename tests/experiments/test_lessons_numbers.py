"""What a lesson says that you see is what the table of its figure holds: numbers are computed anew
and sought.
"""

import numpy as np
import pytest
from scipy import constants

import boltzmann as bz
from boltzmann.molecules import CONSTANTS
from boltzmann.statistics import pulls
from experiments import contact as contact_lesson
from experiments import counting as counting_lesson
from experiments.drawings.quench import marked_one
from experiments.engines import results as engines_results
from experiments.occupancy import LEAST
from experiments.runner import cli as runner
from experiments.runner import gallery, lesson
from experiments.shared.barometer import measured_height

EXPERIMENTS = runner.discovered()
LEDGER = EXPERIMENTS["ledger"].Config()
QUOTED = {}


def quotes(function):
    """Keep a function that yields (a sentence with gaps, what belongs into them) from the table of
    its lesson.
    """
    QUOTED[function.__name__] = function
    return function


@quotes
def counting(table):
    spread = table.where(kind="spreading", setting=256.0)
    share = spread["counted"] / spread["counted"].sum()
    yield (
        "After 256 sweeps {:.3f} of them have none and {:.3f} still have ten",
        [share[0], share[10]],
    )
    particles, far = counting_lesson.approach(table)
    power = np.polyfit(np.log(particles), np.log(far), 1)[0]
    yield (
        "from {:g} molecules to {:g} the distance falls with the power {:.3f} of N",
        [
            particles[0],
            particles[-1],
            power,
        ],
    )


@quotes
def contact(table):
    flow = table.where(kind="flow", sweep=0)
    first = [flow.where(body=name)["temperature"][0] for name in ("molecules", "letters")]
    common = table.where(kind="end")["common"][0]
    yield "molecules at {:.2f} and letters at {:.2f} meet at t = {:.3f}", [*first, common]
    changes = contact_lesson.entropy_changes(table)
    yield (
        "the molecules lose {:,.0f} nats of entropy, and the letters win {:,.0f}",
        [-changes["molecules"], changes["letters"]],
    )
    likeliest = table.where(kind="end", body="letters", label="t")
    share = likeliest["counted"] / table.where(kind="end", body="letters")["counted"].sum()
    yield '"t", falls from {:.3f} to {:.3f}', [likeliest["before"][0], share[0]]


@quotes
def limits(table):
    rows = table.where(kind="counted")

    def law(t, *outcomes):
        return [rows.where(temperature=t, outcome=outcome)["law"][0] for outcome in outcomes]

    weather = ("sun", "cloud", "rain", "snow")
    yield "At t = 0.5 sun has {:.3f}, cloud {:.3f}, rain {:.3f} and snow {:.3f}", law(0.5, *weather)
    yield "at t = 10 sun has {:.3f} and snow {:.3f}", law(10.0, "sun", "snow")
    blank = [law(t, "wind␣")[0] for t in (1.0, 0.1)]
    yield (
        "a blank has {:.2f} at t = 1, {:.2f} at t = 0.1 and 1/{:g} at",
        [*blank, round(1 / law(np.inf, "wind␣")[0], 6)],
    )
    rising = [law(t, "windo")[0] for t in (1.0, 0.5, 0.1)]
    yield '"windo" has {:.2f} at t = 1, {:.2f} at t = 0.5 and {:.2f} at t = 0.1', rising
    cloud = table.where(kind="law", outcome="cloud")
    yield "Cloud is highest near t = {:.1f}", [cloud["temperature"][cloud["law"].argmax()]]
    p = law(1.0, *weather)
    surprise = [-np.sum(np.array(q) * np.log(q)) for q in (p, law(0.5, *weather))]
    yield "-Σ p log p, is {:.2f} at t = 1 and {:.2f} at t = 0.5", surprise
    die = table.where(system="die", kind="counted", temperature=0.0)
    assert np.count_nonzero(die["sampled"]) == 1 and np.count_nonzero(die["simulated"]) == 2
    yield "it shows one, and the gas both", []


@quotes
def gaussian(table):
    counted = table.where(kind="counted")

    def panel(t):
        return counted.where(temperature=t)

    def variances(road):
        return [np.average(panel(t)["x"] ** 2, weights=panel(t)[road]) for t in (0.25, 1.0, 4.0)]

    width = counted["x"][1] - counted["x"][0]
    peaks = [panel(t)["law"].max() / width for t in (1.0, 4.0)]
    yield "from t = 1 to t = 4 the peak falls from {:.3f} to {:.3f}", peaks
    gas = "the gas has {:.3f} at t = 0.25, {:.3f} at t = 1 and {:.3f} at t = 4"
    yield gas, variances("simulated")
    yield "the sampler {:.3f}, {:.3f} and {:.3f}", variances("sampled")


@quotes
def occupancy(table):
    upper = table.where(system="two levels", temperature=0.7, level=1)["law"]
    yield "the upper one holds {:.3f} at t = 0.7", upper
    rotor = table.where(system="rigid rotor: 2J + 1 states a level", temperature=0.4)["law"]
    yield "at t = 0.4, {:.3f} of it are on J = 0 and {:.3f} on J = 1", rotor
    yield "that of the committed figure, {:.0f} million", [table["simulated"].sum() / 1e6]
    found = []

    for _, panel in table.groups("system", "temperature"):
        law, total = panel["law"], panel["simulated"].sum()
        z = pulls(panel["simulated"] / total, law, np.sqrt(law * (1 - law) / total))
        found += z[total * law >= LEAST].tolist()

    yield (
        "Here it is {} of the {} pulls, where {:.0f} were",
        [np.sum(np.abs(found) > 2), len(found), 0.0455 * len(found)],
    )
    assert np.abs(found).max() < 3
    yield "The pulls below fill the band from -3 to 3", []


@quotes
def relaxation(table):
    second = {name: rows["second_eigenvalue"][0] for name, rows in table.groups("proposal", "rule")}
    leap, walk = second["uniform", "metropolis"], second["neighbour", "metropolis"]
    tau = {name: -1 / np.log(value) for name, value in second.items() if value > 0}
    numbers = [1 - leap, tau["uniform", "metropolis"], 1 - walk, tau["neighbour", "metropolis"]]
    numbers += [tau["uniform", "glauber"], tau["neighbour", "glauber"]]
    gaps = (
        "has the gap {:.3f} and τ = {:.1f} sweeps, with neighbours {:.3f} and {:.1f}; "
        "Glauber {:.1f} and {:.1f}"
    )
    yield gaps, numbers
    left = [np.log(1e3) * numbers[1], np.log(1e6) * numbers[1]]
    yield "A thousandth is left after ln(1000) τ = {:.0f} sweeps, a millionth after {:.0f}", left
    yield "relax in {:.1f} sweeps and the former in {:.1f}", [numbers[1], numbers[3]]
    yield from over_a_barrier()


def over_a_barrier():
    """Arrhenius's law holds for chains that climb a barrier, and not for one that leaps over it."""
    valleys = [0, 1, 2, 3, 4, 3, 2, 1, 0]

    def relaxation_times(*way):
        chains = [bz.transition_matrix(valleys, t, *way) for t in (1, 1 / 4, 1 / 5)]
        return [-1 / np.log(np.sort(np.abs(np.linalg.eigvals(chain)))[-2]) for chain in chains]

    walk = relaxation_times("neighbour", "metropolis")
    glauber = relaxation_times("neighbour", "glauber")
    leap = relaxation_times("uniform", "metropolis")
    barriers = [np.log(times[2] / times[1]) for times in (walk, glauber, leap)]
    yield (
        "by {:.2f}; by Glauber's rule {:.2f}, with {:.2f} times the sweeps",
        [*barriers[:2], glauber[0] / walk[0]],
    )
    yield "Not any level, {:.2f}", barriers[2:]


@quotes
def molecules(table):
    populations = table.where(series="population")
    by_kelvin = {kelvin: rows for (kelvin,), rows in populations.groups("kelvin")}
    fullest = [rows["law"].argmax() for rows in by_kelvin.values()]
    yield "is fullest at J = {} at 100 K, at J = {} at 296 K and at J = {} at 1000 K", fullest
    yield "where that level has {:.1f} % of all", [100 * by_kelvin[1000.0]["law"].max()]
    sums = table.where(series="sum", gas="CO", kelvin=296.0)
    yield "at 296 K is {:.4f}, and HITRAN's {:.4f}", [*sums["law"], *sums["simulated"]]
    heats = table.where(series="heat")
    warm = [heats.where(gas=gas, kelvin=1000.0)["law"][0] for gas in ("CO", "HCl")]
    yield "to {:.2f} at 1000 K in CO and to {:.2f} in HCl", warm
    cold = [heats.where(gas=g, kelvin=50.0)["law"][0] for g in ("3 ortho : 1 para", "converting")]
    yield "at 50 K it has {:.3f}, and {:.3f} if its kinds converted", cold
    hydrogen = bz.molecule("H2", highest=5000)
    p = bz.probabilities(hydrogen, bz.thermal_energy(20, "cm-1"))
    yield "would leave {:.2f} %", [100 * p[hydrogen.labels.index("(0, 1)")]]
    HCl, kelvin = CONSTANTS["HCl"], bz.thermal_energy(1, "cm-1")
    yield "B of HCl is {:.1f} K and ω {:.0f} K", [HCl.B_e / kelvin, HCl.omega_e / kelvin]
    gap = 2 * constants.physical_constants["proton mag. mom."][0] * 1.0  # in joules, at 1 T
    yield "in a field of 1 T are {:.5f} K apart", [gap / constants.k]
    along, against = bz.probabilities([0, gap], bz.thermal_energy(293, "J"))
    yield "of a million protons {:.1f} more point along", [1e6 * (along - against)]
    shaking = bz.probabilities([0, HCl.omega_e], bz.thermal_energy(293, "cm-1"))[1]
    assert HCl.B_e / kelvin < 293 / 10 and shaking < 1e-6


@quotes
def work(table):
    processes = table.where(series="process")

    def at(t, steps, column):
        return processes.where(temperature=t, steps=steps)[column][0]

    yield "cross at ΔF = {:.3f}, at t = 2", [at(2.0, 1, "free_energy")]
    costs = [at(1.0, steps, "law_mean_work") for steps in (1, 100)]
    yield "costs {:.2f} at t = 1, all of it lost; in 100 steps it costs {:.2f}", costs
    differences = [at(t, 1, "free_energy") for t in (0.5, 1.0, 2.0)]
    assert abs(differences[1]) < 1e-12
    yield "stay at ΔF: −{:.3f}, 0 and {:.3f}", [-differences[0], differences[2]]
    estimates = table.where(series="estimate")
    few = [estimates.where(steps=n)["law_jarzynski"][0] for n in (1, 10, 1000)]
    yield "by {:.2f} with one, {:.2f} with 10, {:.4f} with 1000", few


@quotes
def bottle(table):
    def density(t):
        counts = table.where(series="gas", temperature=t)["molecules"]
        return [counts.size * counts[k] / counts.sum() for k in (0, -1)]

    ends = (
        "the lowest layer has a density of {:.2f} and the highest one of {:.4f}, "
        "at t = 1 it is {:.2f} and {:.2f}"
    )
    yield ends, [*density(0.1), *density(1.0)]
    yield "in the figure is {:.0f}", [density(0.1)[0] / density(0.1)[1]]
    yield (
        "holds only {} of 10 million",
        [table.where(series="gas", temperature=0.1)["molecules"][-1]],
    )
    means = [measured_height(table.where(series="gas", temperature=t))[0] for t in (0.1, 1.0)]
    yield "the mean height, from {:.3f} at t = 0.1 to {:.3f} at t = 1", means
    yield from air()


def air():
    """How high k_B T lifts a molecule of air, beside a bottle and Mount Everest."""
    mass = 28.9644  # in u, as the U.S. Standard Atmosphere has it; m g in newtons
    weight = mass * constants.atomic_mass * constants.g
    warm, cool = bz.thermal_energy([293, 288], "J") / weight
    column = "weigh {:.2f} u on average [1]_, t = 1 mgH means a column of {:.1f} km"
    yield column, [mass, warm / 1e3]
    yield "that air has t = {:,.0f} mgH", [round(warm / 0.3, -2)]
    yield "is {:.4f} % less dense at the lid", [-100 * np.expm1(-0.3 / warm)]
    heights = [cool / 1e3, cool * np.log(2) / 1e3, np.exp(-8850 / cool), 288 * 0.3 / cool]
    yield (
        "({:.2f} km, {:.2f} km, {:.2f} of that at sea level, were all of it at 288 K; {:.4f} K.)",
        heights,
    )


@quotes
def ledger(table):
    quench, warming = (table.where(series=series) for series in ("quench", "warming"))
    falling, climbing = (
        quench[name][1:] / quench["molecules"][0] for name in ("falling", "climbing")
    )
    yield (
        "in the first sweep {:.2f} quanta a molecule are given and {:.2f} taken",
        [falling[0], climbing[0]],
    )
    yield "In the end it is {:.3f} and {:.3f}", [falling[-100:].mean(), climbing[-100:].mean()]

    def halfway(book):
        heat = np.abs(np.cumsum(book["heat"][1:]))
        return heat[-1] / book["molecules"][0], np.argmax(heat >= heat[-1] / 2) + 1

    yield "given off {:.2f} quanta, half of them in the first {} sweeps", halfway(quench)
    yield "it takes {:.2f}, and it takes longer, {} sweeps for half", halfway(warming)
    fall = 3 / 2 * (LEDGER.hot - LEDGER.cold)
    yield "is left out as in `bottle`; it would add {:.0f}", [fall]
    yield "In none of the {} sweeps", [len(quench) + len(warming) - 2]
    assert 0.55 < (falling + climbing)[-100:].mean() < 0.65
    yield "three molecules in five still move in a sweep", []


@quotes
def entropy(table):
    first, second, third = (rows for _, rows in table.groups("system"))
    ends = [rows["law_entropy"][-1] for rows in (first, second, third)]
    yield "end at ln 2 = {:.3f}, ln 4 = {:.3f} and ln 6 = {:.3f}; the third starts at ln 2", ends
    peaks = [rows["law_peak_temperature"][0] for rows in (first, second, third)]
    yield "peak at {:.4f}, {:.4f} and {:.4f} Δ", peaks
    yield (
        "second peak is {:.2f} high and the first {:.2f}",
        [rows["law_peak_capacity"][0] for rows in (second, first)],
    )
    particles = first["count0"][0] + first["count1"][0]
    yield "the second system takes {:.2f} Δ", [second["heat"].sum() / particles]
    assert first["heat"].sum() / particles == pytest.approx(0.5, abs=1e-4)
    yield "A half Δ of heat is all that the first system takes", []


@quotes
def letters(table):
    def after_wind(letter, column="law"):
        return [
            table.where(context="wind", letter=letter, temperature=t)[column][0]
            for t in (0.5, 1.0, 2.0)
        ]

    law = after_wind("␣")
    yield "the blank has {:.3f} at t = 0.5, {:.3f} at t = 1 and {:.3f} at t = 2", law
    yield '"o" has {:.3f}, {:.3f} and {:.3f}', after_wind("o")
    draws = table.where(context="wind", temperature=0.5)["sampled"].sum()
    counts = [draws, after_wind("␣", "simulated")[0], draws, after_wind("␣", "sampled")[0]]
    error = np.sqrt(draws * law[0] * (1 - law[0]))
    yield (
        "Of {:,} particles at t = 0.5, {:,} sit on the blank, and of {:,} draws {:,} are one",
        counts,
    )
    yield "the law expects {:,.0f}, give or take {:.0f}", [draws * law[0], round(error, -1)]
    yield "the blank has p = {:.4f}", [law[1]]
    yield "hops between {} letters", [len(set(table["letter"]))]


@quotes
def conditioning(table):
    rows = table.where(kind="letter")
    kept = rows.where(statistic="surprise")
    t = list(dict.fromkeys(kept["temperature"].tolist()))
    yield "t = {:.2f}, {:.2f} and {:.2f}", t
    cold = kept.where(mean=7, letter="t")
    shares = [cold[law][0] for law in ("exact", "probability", "limit")]
    yield 'is "t" with {:.3f} at 0.55; of all, {:.3f} are; the limit is {:.3f}', shares
    mild = table.where(kind="distance", mean=9)
    yield (
        "{:g} letters are within {:.4f} of their softmax at 1.06",
        [
            mild["letters"][-1],
            mild["distance"][-1],
        ],
    )
    control = rows.where(statistic="vowels")
    a, consonant = control.where(letter="a"), control.where(letter="t")
    moved = [a["probability"][0], a["exact"][0], consonant["probability"][0], consonant["exact"][0]]
    yield '"a" rise from {:.3f} to {:.3f} and "t" fall from {:.3f} to {:.3f}', moved


@quotes
def texts(table):
    def at(t, column="law"):
        return table.where(temperature=t)[column][0]

    S = [at(t) for t in (0.5, 1.0, 1.5, 2.0)]
    yield (
        "is {:.2f} nats a letter at t = 0.5, {:.2f} at t = 1, "
        "{:.2f} at t = 1.5 and {:.2f} at t = 2",
        S,
    )
    yield (
        "from {:.1f} through {:.1f} and {:.1f} to {:.0f}, and ends at {}",
        [*np.exp(S), table["alphabet"][0]],
    )
    yield (
        "its letters cost {:.2f} nats each, those of the texts at t = 0.3 only {:.2f}",
        [at(0.0, "energy"), at(0.3, "energy")],
    )
    assert "the stove the stove" in at(0.0, "text")
    yield '"the stove the stove"', []


@quotes
def whole_texts(table):
    def begins(t):
        rows = table.where(kind="toy", temperature=t, symbol="ab")
        return [rows["token_law"][0], rows["text_law"][0]]

    yield "cross at t = 1, at {:.3f}", begins(1.0)[:1]
    yield "at t = 0.5 a sampler begins with a {:.3f} of the time, a text {:.3f}", begins(0.5)
    yield "at t = 4 it is {:.3f} and {:.3f}", begins(4.0)
    cold, plain = (table.where(kind="energy", temperature=t) for t in (0.5, 1.0))
    yield (
        "a letter of a cold text costs {:.2f} nats, a cold letter {:.2f}",
        [cold["text_law"][0], cold["token_law"][0]],
    )
    yield "at t = 1 both cost {:.2f}", plain["text_law"]

    def per_hundred(word):
        rows = table.where(kind="word", temperature=0.5, symbol=word)
        return [100 * rows["text"][0], 100 * rows["token"][0]]

    (whole, single), (capital, few), short = map(per_hundred, ("the", "The", "a"))
    yield '"the" comes {:.0f} times and "The" {:.0f} times', [whole, capital]
    yield "in as many texts of cold letters {:.0f} and {:.0f} times", [single, few]
    yield '"a" comes {:.0f} and {:.0f} times', short


@quotes
def without_replacement(table):
    rows = table.where(kind="counted")

    def first(letters, *columns):
        system = dict.fromkeys(rows["system"].tolist())
        panel = rows.where(system=list(system)[not letters], temperature=1.0)
        return panel, [panel[column][0] for column in columns]

    letters, laws = first(True, "fermi", "one_by_one")
    assert letters["outcome"][0] == "t"
    yield '"t" is among them with {:.3f} by the law of fermions and {:.3f} one after another', laws
    tokens, laws = first(False, "fermi", "one_by_one")
    yield 'of ten tokens after "The", the likeliest with {:.3f} and {:.3f}', laws
    apart = table.where(kind="difference", temperature=1.0)
    differing = dict(zip(apart["count"].tolist(), apart["differing"].tolist(), strict=True))
    yield (
        "at least {:.2f} of five letters are others at t = 1, and {:.2f} of ten",
        [
            differing[5],
            differing[10],
        ],
    )
    nearest = [panel["nearest_temperature"][0] for panel in (letters, tokens)]
    yield "is {:.2f} for five letters at t = 1, and {:.2f} for ten tokens", nearest
    missed = [np.abs(panel["nearest"] - panel["one_by_one"]).max() for panel in (letters, tokens)]
    yield "a letter is off by {:.3f}, and a token by {:.3f}", missed


@quotes
def truncation(table):
    def kept(wall, tempered, t):
        rows = table.where(wall=wall, tempered=tempered, temperature=t, letter="")
        return int(rows["law"][0])

    panel = table.where(wall="min-p = 0.05", tempered="last", temperature=1.5)
    before, behind = (
        panel["energy"][mask]
        for mask in (panel["law"] > 0, (panel["law"] == 0) & (panel["letter"] != ""))
    )
    wall = [np.log(20), before.max(), behind.min()]
    yield "stands {:.1f} nats above the lowest level, between letters at {:.2f} and {:.2f}", wall
    yield "a top-p of 0.9 keeps {} letters at any t", [kept("top-p = 0.9", "last", 1.0)]
    last = [kept("top-p = 0.9", "first", t) for t in (0.25, 1.0, 4.0)]
    yield "built last it keeps {} at t = 0.25, {} at t = 1 and {} at t = 4", last
    yield (
        "Min-p goes from {} through {} to {}",
        [kept("min-p = 0.05", "first", t) for t in (0.25, 1.0, 4.0)],
    )
    yield "Top-k stays at {}", [kept("top-k = 5", "first", 4.0)]
    both = [
        np.count_nonzero(table.where(wall="top-p = 0.9", tempered=tempered, temperature=1.5)["law"])
        for tempered in ("first", "last")
    ]
    yield (
        '"t = 1.5, top-p = 0.9" keeps {} letters here in an engine that tempers first, '
        "and {} in one",
        both,
    )


@quotes
def thermometer(table):
    readings = table.where(kind="reading")
    off = np.abs(readings["reading"] - readings["temperature"]) / readings["error"]
    assert off.max() < 2
    yield "each reading within two errors of the truth", []
    top = readings["heat_capacity"].argmax()
    relative = 100 * readings["error"] / readings["reading"]

    numbers = [readings["temperature"][top], readings["law_heat_capacity"][top], relative[top]]
    yield "peaks near t = {:.0f}, at C = {:.2f}, where t is told to {:.1f} %", numbers
    C = dict(
        zip(readings["temperature"].tolist(), readings["law_heat_capacity"].tolist(), strict=True)
    )
    error = {t: 100 / np.sqrt(readings["draws"][0] * C[t]) for t in C}
    told = "at t = 1, where C = {:.2f}, to {:.1f} %, and at t = 0.1, where C = {:.2f}, to {:.1f} %"
    yield told, [C[1.0], error[1.0], C[0.1], error[0.1]]

    found = []
    for sampler in ("ignores t", "applies t twice"):
        audit = table.where(sampler=sampler)
        found += [audit["reading"][0], audit["error"][0]]
    yield "ignores t reads {:.3f} ± {:.3f}, one that applies it twice {:.3f} ± {:.3f}", found
    yield "hides a top-k of 5 reads {:.3f}", table.where(sampler="hides top_k = 5")["reading"]


@quotes
def speculative(table):
    step = table.where(kind="step")
    far = {name: column[-1] for name, column in step.columns.items()}
    yield (
        "TV = {:.3f} away, has {:,} of {:,} guesses accepted, where the law says {:.3f}; "
        "Metropolis's chain accepts {:.3f}",
        [far["distance"], far["accepted"], far["tried"], far["shared"], far["repeat_shared"]],
    )
    yield "slowest correlation is {:.3f} after a step", [far["eigenvalue"]]
    texts = table.where(kind="text", proposals=4)
    yield (
        "{:.2f} with single tokens, {:.2f} with pairs, {:.2f} with triples",
        (texts["tokens"] / texts["target_calls"]).tolist(),
    )
    audits = {name: rows for (name,), rows in table.where(kind="audit").groups("name")}
    assert audits["t for the draft alone"]["fault"][0] == "ignored"
    yield "thermometer says `ignored`, and rightly: the text has t = 1", []
    yield "{:.3f} away from the law asked for", audits["typical acceptance"]["distance"]


@quotes
def engines(table):
    off, alone = table.where(settings="truncation off"), table.where(settings="alone")
    ratio = off["reading"] / off["temperature"]
    worst = 100 * np.abs(ratio - 1).max()
    yield "all {} readings are within {:.1f} % of what was asked for", [len(off), worst]
    assert np.all(np.abs(ratio - 1) < 3 * off["standard_error"] / off["temperature"])
    yield "and within three of their errors", []
    assert set(off["left"].tolist()) == {200} and len(alone) == 17

    left = dict(zip(alone["engine"].tolist(), alone["left"].tolist(), strict=True))
    readings = dict(zip(alone["engine"].tolist(), alone["reading"].tolist(), strict=True))
    del left["boltzmann, the control"]
    greedy = [name for name in left if left[name] == 1]
    plain = [name for name in left if left[name] == 200]
    yield "Of the {} engines {} are greedy", [len(left), len(greedy)]
    yield "In {} more the rare tokens are cut off", [len(left) - len(greedy) - len(plain)]
    assert left["llama.cpp's server"] == left["llama-cpp-python"] == left["wllama"]
    numbers = [left[name] for name in ("KerasHub", "wllama", "node-llama-cpp", "rwkv")]
    cut = (
        "KerasHub leaves {} tokens, three builds of llama.cpp leave {} and a fourth {}, and rwkv, "
        "which also punishes what came before, {} at t = {:.2f}"
    )
    yield cut, [*numbers, readings["rwkv"]]
    yield "In {} engines 0.7 is all that acts", [len(plain)]
    assert all(abs(readings[name] - 0.7) < 0.02 for name in plain)

    _, *values = [r["answers"]["subnormal"]["value"] for r in engines_results().values()]
    given = [value for value in values if value is not None]
    errors = sum(value.startswith("error") for value in given)
    limit = given.count("greedy")
    yield (
        "{} of the {} asked draw a token whose probability is 0, {} stop with an error, and {} do",
        [len(given) - errors - limit, len(given), errors, limit],
    )


@quotes
def explorer(table):
    def value(system, t, quantity):
        return table.where(system=system, temperature=t, quantity=quantity)["value"][0]

    upper = [value("two levels", t, "p 1") for t in (1.0, 0.3)]
    yield "has a share of {:.4f} at t = 1, of {:.4f} at t = 0.3 and of one half", upper
    assert value("two levels", np.inf, "p 1") == 0.5
    C = [value("two levels", t, "C") for t in (0.3, 1.0)]
    yield "their heat capacity is {:.3f} at t = 0.3, and {:.3f} at t = 1", C
    hot, cold = ([value("rotor", t, f"p {J}") for J in range(7)] for t in (np.inf, 0.3))
    assert np.argmax(hot) == np.argmin(cold) == 6
    yield "has a share of {:.4f} at t = ∞, more than any other", [hot[6]]


@quotes
def speed(table):
    moves = table.where(part="move", levels=8)

    def time(name):
        return moves.where(contestant=name)["value"][0]

    names = (
        "ours",
        "Numba, textbook",
        "NumPy, plain",
        "NumPy, tables",
        "C, gcc -O3",
        "random words alone",
    )
    told = (
        "a move on 8 levels takes {:.2f} ns, a textbook loop that Numba compiled {:.1f}, "
        "NumPy {:.1f} and with "
        "the same table {:.1f}, C {:.2f}. The dotted line is the random bits alone, {:.2f}"
    )
    alone = table.where(contestant="random words alone")["value"].min()
    yield told, [*map(time, names[:-1]), alone]


@quotes
def quench(table):
    crowd, moves = table.where(series="crowd"), table.where(series="moves")
    looks = [rows for _, rows in crowd.groups("sweep")]
    at = {
        int(rows["sweep"][0]): rows["layer"] @ rows["molecules"] / rows["molecules"].sum()
        for rows in looks
    }
    cold = looks[0]["cold"] @ looks[0]["layer"]
    energies = (
        "has {:.2f} quanta above the floor at first, {:.2f} after 18 sweeps "
        "and {:.2f} after 120, where the"
    )
    yield energies, [at[0], at[18], at[120]]

    yield "the cold law has {:.2f}", [cold]
    everyone = looks[0]["molecules"].sum()
    moving = moves["molecules"] / everyone
    yield "third sweep {:.3f} of them move and in the last {:.3f}", [moving[0], moving[-1]]
    assert list(moves["sweep"][[0, -1]]) == [3, 120]
    yield "the law ends at {:.3f}", [moves["law"][-1]]

    yield (
        "has then got {:,} quanta from {:,} molecules, as many as they lost",
        [moves["heat"][-1], everyone],
    )
    _, path = marked_one(table)
    sweeps = np.array(list(at))
    floor, top = np.argmin(path), np.argmax(path)
    assert path[floor] == 0 and path[top] == crowd["layer"].max() and floor < top
    yield "there it is first seen after {} sweeps", [sweeps[floor]]
    yield "After {}, the crowd at rest, it stands in layer {}", [sweeps[top], path[top]]
    assert at[sweeps[top]] == pytest.approx(cold, rel=0.03)
    yield "and {} sweeps later in layer {}", [sweeps[-1] - sweeps[top], path[-1]]
    assert len(table.where(series="molecule")) == 100  # "of a hundred"


@quotes
def tokens(table):
    contexts = ("The", "The water in the")
    panels = [
        [table.where(context=context, temperature=t) for t in (0.5, 1.0, 2.0)]
        for context in contexts
    ]
    old = [rows["law"][0] for rows in panels[0]]
    assert {rows["token"][0] for rows in panels[0]} == {"␣old"}
    yield 'the token " old" has {:.3f} at t = 0.5, {:.3f} at t = 1 and {:.3f} at t = 2', old
    draws = panels[0][0]["sampled"].sum()

    seen = [
        draws,
        panels[0][0]["sampled"][0],
        draws * old[0],
        np.sqrt(draws * old[0] * (1 - old[0])),
    ]
    yield (
        "of {:,} draws at t = 0.5 it is {:,}, where the law expects {:,.0f}, give or take {:.0f}",
        seen,
    )
    others = [rows["law"][12:] for rows in panels[0]]
    yield (
        "The {:,} tokens without a name have {:.3f}, {:.3f} and {:.3f} together",
        [
            others[0].size,
            *(tail.sum() for tail in others),
        ],
    )
    yield "None of them gains much, {:.4f} at most", [(others[2] - others[1]).max()]
    S = [[-rows["law"] @ np.log(rows["law"]) for rows in context] for context in panels]

    yield 'after "The" goes through {:.1f}, {:.1f} and {:.0f}', np.exp(S[0])
    yield 'after "The water in the" through {:.1f}, {:.0f} and {:.0f}', np.exp(S[1])
    low, high = (
        [bz.entropy(-np.log(context[1]["probability"]), t) for context in panels]
        for t in (0.2, 1.0)
    )
    assert low[0] > low[1] and high[0] < high[1]
    yield "The two curves cross", []


@quotes
def continuations(table):
    def unsure(model, *temperatures):
        rows = table.where(model=model)
        return [rows.where(temperature=t)["unsure"][0] for t in temperatures]

    yield (
        "has {:.2f} nats in its text of t = 1, {:.2f} at t = 2 and {:.2f} at t = ∞",
        unsure("n-gram", 1, 2, np.inf),
    )
    yield "the transformer {:.2f}, {:.2f} and {:.2f}", unsure("transformer", 1, 2, np.inf)
    changes = []
    for model in ("n-gram", "transformer"):
        rows = table.where(model=model)
        parts = [rows["temperature"] >= 2, rows["temperature"] <= 1]
        hot, cold = (rows["unsure"][part].mean() for part in parts)
        error = np.sqrt(
            sum(np.sum(rows["unsure_error"][part] ** 2) / part.sum() ** 2 for part in parts)
        )
        changes += [abs(hot - cold), error]
        assert (hot > cold) == (model == "n-gram")
    yield "hot ones that is {:.2f} ± {:.2f} nats more and {:.2f} ± {:.2f} less", changes
    greedy = table.where(temperature=0.0)
    assert list(greedy["period"]) == [0, 10] and list(greedy["model"]) == ["transformer", "n-gram"]
    yield "while the n-gram repeats ten letters for ever", []
    yield "rises from 0 to ln {}", table.where(model="transformer", temperature=0.0)["vocabulary"]


@quotes
def summary(table):
    def letter(name, t, *columns):
        rows = table.where(letter=name, temperature=t)
        return [rows[column][0] for column in columns]

    few = table["few_simulated"].sum()
    expected = [few * letter(name, 1.0, "law")[0] for name in "ta"]
    yield 'Of {:,} the law expects {:.0f} on "t" and {:.0f} on "a"', [few, *expected]
    counts = [
        letter(name, 1.0, column)[0] for column in ("few_simulated", "few_sampled") for name in "ta"
    ]
    yield "{} and {} particles are there, and {} and {} letters", counts
    total = table.where(temperature=0.5)["sampled"].sum()
    gas, drawn, law = letter("t", 0.5, "simulated", "sampled", "law")
    told = '"t" has {:,} particles and {:,} letters, the law expects {:,.0f}, give or take {:.0f}'
    yield told, [gas, drawn, total * law, np.sqrt(total * law * (1 - law))]
    yield "with {:,} of each", [total]
    S, off = {}, []
    for (t,), rows in table.groups("temperature"):
        surprise = -np.log(rows["law"])
        S[t] = rows["law"] @ surprise
        off += [
            rows[road] @ surprise / rows[road].sum() - S[t] for road in ("simulated", "sampled")
        ]
    entropies = (
        "is {:.2f} nats at t = 0.25, {:.2f} at t = 0.5, {:.2f} at t = 1, "
        "{:.2f} at t = 2 and {:.2f} at t = 4"
    )
    yield entropies, [S[t] for t in (0.25, 0.5, 1.0, 2.0, 4.0)]
    assert 0.005 < np.abs(off).max() < 0.015
    yield "on all three roads, to 0.01 at worst", []


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_what_you_see_is_what_the_table_holds(name):
    assert name in QUOTED, "a function of that name here has to quote the lesson"
    table = gallery.read_table(runner.FIGURES / f"{name}.csv")
    text = " ".join(lesson.text(EXPERIMENTS[name]).split())
    quoted = [sentence.format(*numbers) for sentence, numbers in QUOTED[name](table)]
    assert quoted and [sentence for sentence in quoted if sentence not in text] == []

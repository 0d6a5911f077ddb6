"""Text reaches every console, whatever its encoding lacks."""

import os
import subprocess
import sys

import pytest

from boltzmann import exercises
from boltzmann._core.spelling import spelled

SHOWN = """
from boltzmann import exercises
for name in exercises.names():
    print(exercises.question(name))
    print(repr(exercises.question(name)))
    print(exercises.check(name, None), [exercises.check(name, 1)])
print(exercises.overview())
print(exercises.check("error_bar", 0.0217945))
"""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "utf-8"])
def test_exercises_print_on_every_console(encoding):
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", SHOWN], capture_output=True, env=environment)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    told = done.stdout.decode(encoding)
    because = {"ascii": "n/tau", "cp1252": "n/tau", "latin-1": "n/tau"}.get(encoding, "n/τ")
    assert f"The steps tell as much as {because} independent ones" in told
    assert "?" not in told.replace("? ", "").replace("?\n", "").replace("?'", "").replace("?]", "")
    if encoding == "ascii":
        assert "in the limit t\n-> 0 from above" in told or "limit t ->" in told


@pytest.mark.parametrize(
    ("text", "ascii_text"),
    [
        ("τ = -1/ln λ₂", "tau = -1/ln lambda_2"),
        ("Σ p ln p, ΔF, ∂S/∂U", "Sigma p ln p, DeltaF, dS/dU"),
        ("⟨E⟩ ∝ x² ± √2 · 10⁻⁴⁰", "<E> ~ x^2 +/- sqrt 2 * 10^-40"),
        ("naïve Boltzmannsche Größe", "naive Boltzmannsche Grosse"),
        ("漢", "?"),
    ],
)
def test_what_ascii_lacks_is_spelled(text, ascii_text):
    assert spelled(text, "ascii") == ascii_text


def test_what_an_encoding_has_stays():
    assert spelled("x² ± τ", "cp1252") == "x² ± tau"
    assert spelled("x² ± τ 漢", "utf-8") == "x² ± τ 漢"
    assert spelled("τ²", "cp1252") == "tau²"


def test_a_power_is_spelled_as_one():
    """cp1252 has ¹, ² and ³ and no other raised characters."""
    assert spelled("cm⁻¹, 10⁻³²³ and 10⁻¹⁵ eV", "cp1252") == "cm^-1, 10^-323 and 10^-15 eV"
    assert spelled("10⁵", "cp1252") == "10^5"


def test_a_page_is_its_text_where_nothing_lacks():
    page = exercises.question("error_bar")
    assert page == str(page) == repr(page) and "0.9 to the power" in page

"""The letter n-gram: every distribution is normalised, and that of modified Kneser-Ney."""

import math
import random
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from pydoc_data.topics import topics

import numpy as np
import pytest

from boltzmann.language import NGram, load_corpus
from boltzmann.language.ngram import kneser_ney as smoothing
from boltzmann.language.ngram import short_contexts

REAL = "\n".join(topics.values())  # some 400 to 700 kB of English, in every CPython
TRAINING = REAL[: len(REAL) * 9 // 10]
HELD_OUT = REAL[len(REAL) * 9 // 10 :]

GREEK = "Ἄνδρα μοι ἔννεπε, μοῦσα, πολύτροπον, ὃς μάλα πολλὰ πλάγχθη· " * 3
EMOJI = "👩‍🚀🚀 👩‍🚀🌍 e\u0301te\u0301 e\u0300 🚀🚀\x00\n🌍 \ud800"
ZIPF = "".join(random.Random(0).choices("etaoins hrdlu", [1 / k for k in range(1, 14)], k=1500))
CHINESE = "".join(chr(0x4E00 + i * i % 3001) for i in range(9000))


@pytest.fixture(scope="module")
def english() -> NGram:
    return NGram.fit(TRAINING, order=5, unknown=True)


def kneser_ney(text: str, order: int, letters: list[str]):
    """Return p(letter, context) in exact fractions, by the definition, one string at a time."""
    grams = [Counter(text[i : i + m] for i in range(len(text) - m + 1)) for m in range(order + 2)]

    def continuations(gram: str) -> int:
        left = {
            text[i - 1] if i else "the beginning"
            for i in range(len(text))
            if text.startswith(gram, i)
        }
        return len(left)

    tables = {}
    for m in range(1, order + 1):
        tables[m, True] = grams[m]
        tables[m, False] = {gram: continuations(gram) for gram in grams[m]}

    def discounts(counts) -> list[Fraction]:
        n = Counter(counts.values())
        if all(n[k] for k in (1, 2, 3, 4)):
            Y = Fraction(n[1], n[1] + 2 * n[2])
            D = [k - (k + 1) * Y * Fraction(n[k + 1], n[k]) for k in (1, 2, 3)]
            if min(D) > 0:
                estimated.append(D)
                return D
        return [Fraction(1, 2), Fraction(1), Fraction(3, 2)]

    estimated: list = []
    discount = {key: discounts(table) for key, table in tables.items()}

    def p(letter: str, context: str, whole: bool = True) -> Fraction:
        context = context[-(order - 1) :] if order > 1 else ""
        key = (len(context) + 1, whole or len(context) == order - 1)
        counts = {w: tables[key][context + w] for w in letters if tables[key].get(context + w)}
        lower = p(letter, context[1:], False) if context else Fraction(1, len(letters))
        if not counts:
            return lower
        taken = {w: discount[key][min(c, 3) - 1] for w, c in counts.items()}
        total = sum(counts.values())
        share = (counts[letter] - taken[letter]) / total if letter in counts else 0
        return share + sum(taken.values()) / total * lower

    return p, estimated


@pytest.mark.parametrize(
    ("context", "p_a", "p_b"),
    [
        # Counts 3 and 1, discounted by 3/2 and 1/2: a = (3 - 3/2)/4 + 2/4 · 1/2.
        ("", Fraction(5, 8), Fraction(3, 8)),
        # After a: aa twice, ab once. Below stand left neighbours, {beginning, a} of a and {a} of b:
        # a = (2 - 1)/3 + (3/2)/3 · 1/2 = 7/12. So a = (2 - 1)/3 + (3/2)/3 · 7/12.
        ("a", Fraction(5, 8), Fraction(3, 8)),
        ("b", Fraction(7, 12), Fraction(5, 12)),  # nothing ever follows b: left neighbours alone
        ("bbb", Fraction(7, 12), Fraction(5, 12)),
    ],
)
def test_smoothing_by_hand_on_aaab(context, p_a, p_b):
    p = np.exp(NGram.fit("aaab", order=2).logits(context))
    assert p == pytest.approx([float(p_a), float(p_b)], rel=1e-14)


@pytest.mark.parametrize(
    ("text", "order", "estimates"),
    [
        ("abracadabra", 3, False),
        ("mississippi", 9, False),
        ("ab", 4, False),
        ("z", 3, False),
        ("abba" * 5, 1, False),
        (ZIPF, 1, False),
        (
            "abcd" + "e" * 2 + "fghijklmn" * 3 + "o" * 4,
            1,
            False,
        ),  # the estimate for counts of 2 is -16
        (ZIPF, 3, True),
        (ZIPF[:700], 5, True),
    ],
)
def test_every_distribution_is_modified_kneser_ney_in_exact_fractions(text, order, estimates):
    """Sums of at most ten terms in logarithms below 100: 1e-13 is some hundred roundings."""
    model = NGram.fit(text, order)
    p, estimated = kneser_ney(text, order, list(model.alphabet))
    assert (
        bool(estimated) == estimates
    )  # both the estimated discounts and the fallback are under test
    contexts = {text[max(0, i - m) : i] for m in range(order + 1) for i in range(0, len(text), 37)}
    contexts |= {text[::-1][i : i + order] for i in range(0, len(text), 97)} | {
        text[:m] for m in range(order)
    }
    for context in sorted(contexts):
        exact = [math.log(p(letter, context)) for letter in model.alphabet]
        assert model.logits(context) == pytest.approx(exact, rel=1e-13, abs=1e-13), context


@pytest.mark.parametrize(
    "text",
    [REAL[:200_000], GREEK, EMOJI, CHINESE, "a", "abab"],
    ids=["English", "Greek", "emoji", "Chinese", "a", "abab"],
)
@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("order", [1, 2, 5, 9])
def test_every_letter_is_possible_in_every_context_and_probabilities_sum_to_1(text, unknown, order):
    model = NGram.fit(text, order, unknown)
    rng = np.random.default_rng(0)
    places = rng.integers(len(text), size=60)
    seen = ["", *(text[max(0, i - 12) : i] for i in places)]
    strange = ["".join(rng.choice(list(model.alphabet), size=m)) for m in range(12)]
    for context in seen + ([] if unknown else strange):
        logits = model.logits(context)
        assert logits.shape == (len(model.alphabet),)
        assert logits.dtype == np.float64
        assert np.all(np.exp(logits) > 0)
        assert math.fsum(np.exp(logits)) == pytest.approx(1, abs=1e-12)


def test_no_probability_underflows_in_the_deepest_contexts():
    """After 1499 letters a, b is less likely than the smallest double; its log is still finite."""
    model = NGram.fit("b" + "a" * 3000, order=1500)
    a, b = model.logits("a" * 1499)
    assert math.exp(b) == 0
    assert -3000 < b < -745
    assert a == pytest.approx(0, abs=1e-15)


def test_the_log_probability_of_a_text_is_the_sum_over_its_letters(english):
    for text in ("", "q", "the", HELD_OUT[:700], "zzq~~Q\t\tπππ the", "\x00\x00"):
        ids = english.encode(text)
        one_by_one = sum(english.logits(text[:i])[ids[i]] for i in range(len(text)))
        assert english.log_probability(text) == pytest.approx(one_by_one, rel=1e-13, abs=0)
    short = NGram.fit("abcab", order=9)  # a text without a single whole context
    for text in ("abcab", "cbacba", "aaaaaaaaaaaa"):
        one_by_one = sum(short.logits(text[:i])[short.encode(text)[i]] for i in range(len(text)))
        assert short.log_probability(text) == pytest.approx(one_by_one, rel=1e-13)


def test_given_fewer_letters_a_model_is_the_model_of_lower_order():
    model = NGram.fit(REAL[:50_000], order=5)
    for order, context in [(1, ""), (2, "t"), (3, "th"), (4, "the")]:
        lower = NGram.fit(REAL[:50_000], order)
        assert np.array_equal(model.logits(context), lower.logits(context))
        assert not np.array_equal(model.logits("q" + context), lower.logits(context))


def test_only_the_last_letters_count_as_text_or_as_ids(english):
    context = "the quick brown fox "
    logits = english.logits(context)
    assert np.array_equal(logits, english.logits("fox "))
    assert np.array_equal(logits, english.logits(english.encode(context)))
    assert np.array_equal(logits, english.logits(english.encode(context).tolist()))
    assert not np.array_equal(logits, english.logits("ox "))
    assert np.array_equal(NGram.fit("abc", 1).logits("a"), NGram.fit("abc", 1).logits(""))


def test_logits_belong_to_the_caller(english):
    kept = english.logits("th").copy()
    english.logits("th")[:] = 0
    assert np.array_equal(english.logits("th"), kept)


def test_each_letter_of_context_helps_to_guess_held_out_text():
    perplexities = [
        NGram.fit(TRAINING, n, unknown=True).perplexity(HELD_OUT) for n in (1, 2, 3, 4, 5)
    ]
    assert all(more < less for less, more in pairwise(perplexities))
    assert 1 < perplexities[-1] < perplexities[0] / 4  # two bits a letter at the least


def test_at_order_1_the_perplexity_of_the_text_itself_is_that_of_its_letter_frequencies():
    """No lower, by Gibbs' inequality; c·log(c/(c - D)) <= 3 log 2 bounds the excess of a letter."""
    model = NGram.fit(TRAINING, order=1)
    counts = np.array(list(Counter(TRAINING).values()))
    f = counts / counts.sum()
    excess = math.log(model.perplexity(TRAINING)) + float((f * np.log(f)).sum())
    assert 0 <= excess <= 3 * math.log(2) * counts.size / counts.sum()


@pytest.mark.parametrize("text", [GREEK, EMOJI, CHINESE], ids=["Greek", "emoji", "Chinese"])
def test_the_alphabet_is_the_sorted_code_points_and_ids_lead_back_to_the_text(text):
    model = NGram.fit(text, order=3)
    assert model.alphabet == tuple(sorted(set(text)))
    ids = model.encode(text)
    assert ids.shape == (len(text),)
    assert model.decode(ids) == model.decode(ids.tolist()) == text
    assert "".join(model.alphabet[i] for i in ids) == text
    assert model.decode([]) == ""
    assert model.encode("").shape == (0,)


@pytest.mark.parametrize("method", ["encode", "logits", "log_probability", "perplexity"])
def test_letters_never_seen_are_refused_by_name_and_place(method):
    model = NGram.fit("to be or not to be", order=3)
    with pytest.raises(ValueError) as refusal:
        getattr(model, method)("boπt e\u0301 π 🚀")
    for words in ("'π' (U+03C0) at index 2,", "(U+0301) at index 6,", "'🚀' (U+1F680) at index 10"):
        assert words in str(refusal.value)
    with pytest.raises(ValueError, match="and 16 more"):
        getattr(model, method)("ACDFGHIJKLMPQSUVWXYZ123456")


def test_the_unknown_token_has_the_share_of_one_more_letter_that_never_occurred():
    model = NGram.fit("aaab", order=2, unknown=True)
    assert model.alphabet == ("a", "b", "<unk>")
    assert model.unknown_id == 2
    # 1/2 falls back below the empty context, to three letters instead of two.
    assert np.exp(model.logits("")) == pytest.approx(
        [3 / 8 + 1 / 6, 1 / 8 + 1 / 6, 1 / 6], rel=1e-14
    )
    assert model.encode("aπb<").tolist() == [0, 2, 1, 2]
    assert model.decode([0, 2]) == "a<unk>"
    assert model.log_probability("π") == pytest.approx(math.log(1 / 6), rel=1e-14)
    # An unknown letter is in no known context, but it is a letter of the context.
    assert np.array_equal(model.logits("π"), model.logits("b"))
    assert not np.array_equal(model.logits("π"), model.logits(""))
    assert NGram.fit("aaab").unknown_id is None


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: NGram.fit(""), "text is empty"),
        (lambda m: NGram.fit(b"abc"), "text must be a str, got bytes"),
        (lambda m: NGram.fit(None), "text must be a str"),
        (lambda m: NGram.fit("abc", order=0), "order is 0"),
        (lambda m: NGram.fit("abc", order=-1), "order is -1"),
        (lambda m: NGram.fit("abc", order=2.5), "order must be a whole number"),
        (lambda m: NGram.fit("abc", order=True), "order must be a whole number"),
        (lambda m: m.perplexity(""), "text is empty"),
        (lambda m: m.perplexity(b""), "text must be a str"),
        (lambda m: m.log_probability(["a"]), "text must be a str"),
        (lambda m: m.encode(3), "text must be a str"),
        (lambda m: m.logits(None), "context must be"),
        (lambda m: m.logits([0, 3]), r"^context\[1\] is 3: ids run from 0 to 2"),
        (lambda m: m.logits([-1]), r"^context\[0\] is -1"),
        (
            lambda m: m.logits([0, 1, 2, 0, 1, 2, 0, 99]),
            r"^context\[7\] is 99: ids run from 0 to 2",
        ),
        (lambda m: m.logits(np.array([0, 1, 2, 0, 99, 2])), r"^context\[4\] is 99"),
        (lambda m: m.logits(np.array(1)), "context must be a str or a sequence of ids"),
        (lambda m: m.logits(np.zeros((2, 2), int)), "context must be a str or a sequence of ids"),
        (lambda m: m.logits([0.0]), "whole numbers"),
        (lambda m: m.logits(b"abc"), "whole numbers"),
        (lambda m: m.decode([0, 3]), r"^ids\[1\] is 3"),
        (lambda m: m.decode(["a"]), "whole numbers"),
        (lambda m: m.decode(0), "sequence"),
    ],
)
def test_what_is_no_text_and_no_order_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call(NGram.fit("abc", order=3))


def test_the_shipped_corpus_is_text_that_a_model_learns_from():
    text = load_corpus()
    assert "\r" not in text
    assert not text.startswith("\ufeff")
    cut = len(text) * 9 // 10
    perplexities = [NGram.fit(text[:cut], n, unknown=True).perplexity(text[cut:]) for n in (1, 5)]
    assert perplexities[1] < perplexities[0] / 4


def test_a_file_of_ones_own_loses_its_byte_order_mark_and_carriage_returns(tmp_path):
    file = tmp_path / "own.txt"
    file.write_bytes(b"\xef\xbb\xbf" + "ψ\r\nβ\rπ\n".encode())
    assert load_corpus(file) == load_corpus(str(file)) == "ψ\nβ\nπ\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, r"cannot be read: \w"),
        (b"abc\xff", "is not UTF-8: byte 0xff at offset 3"),
        ("grün".encode("latin-1"), "is not UTF-8: byte 0xfc at offset 2"),
        (b"", "holds no text"),
        (b"\xef\xbb\xbf \r\n\t", "holds no text"),
    ],
)
def test_a_file_without_text_is_refused_by_name(tmp_path, content, words):
    file = tmp_path / "own.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=f"own.txt {words}"):
        load_corpus(file)


def test_a_folder_and_a_number_are_no_file(tmp_path):
    with pytest.raises(ValueError, match=r"cannot be read: \w"):
        load_corpus(tmp_path)
    with pytest.raises(ValueError, match="path must be a file name, got 3"):
        load_corpus(3)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("length", [1, 4, 3000])
def test_kept_logits_of_short_contexts_change_no_bit(monkeypatch, order, length):
    """None kept but of the empty context, contexts of a letter, all: the same, to the last bit."""
    text = load_corpus()[:length]
    logits = []
    for most, kept in ((0, 1), (3000, 2), (2**20, 4)):
        monkeypatch.setattr(short_contexts, "MOST_NUMBERS", most)
        model = NGram.fit(text, order=order, unknown=True)
        if length == 3000:
            assert len(model._short_contexts.nodes) == min(kept, order)
        contexts = [model.encode(text[k : k + n]).tolist() for k in range(60) for n in range(6)]
        numbers = np.random.default_rng(1)
        contexts += [numbers.integers(0, len(model.alphabet), n).tolist() for n in range(9)] * 4
        logits.append([model.logits(context).tobytes() for context in contexts])
    assert logits[0] == logits[1] == logits[2]


def test_kept_logits_are_the_models_own():
    """What is returned may be written to."""
    model = NGram.fit("abcabd", order=3)
    for context in ("", "a", "ab", "dd"):
        first = model.logits(context)
        expected = first.copy()
        first[:] = 0
        assert np.array_equal(model.logits(context), expected)


@pytest.mark.parametrize("order", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("text", ["a", "ab", "aaaa", "abcabd", load_corpus()[:3000], topics["if"]])
def test_one_sort_counts_what_a_sort_for_each_length_does(order, text):
    """The same arrays, whether or not the alphabet is larger than that of the text."""
    codes, ids = np.unique([*map(ord, text)], return_inverse=True)
    n = min(order, ids.size)
    for V in (codes.size, codes.size + 1):
        bits = max(1, (V - 1).bit_length())
        one = [*smoothing._count_packed(ids, n, V, bits)]
        each = [*smoothing._count_by_length(ids, n, V)]
        assert len(one) == len(each) == n
        for fast, plain in zip(one, each, strict=True):
            assert fast.first == plain.first
            for ours, theirs in zip(fast[:3], plain[:3], strict=True):
                assert ours.dtype == theirs.dtype
                assert np.array_equal(ours, theirs)


def test_a_model_of_letters_too_many_to_pack_is_the_same():
    """Of 17 bits a letter three fit into an integer, and four do not."""
    text = "".join(map(chr, range(0x10000, 0x10000 + 70_000))) + "abcabd" * 3
    model = NGram.fit(text, order=4)
    assert model.alphabet[model.logits("cab").argmax()] == "d"
    assert NGram.fit(text, order=3).alphabet[model.logits("ab").argmax()] in "cd"


def test_a_text_is_sorted_once(monkeypatch):
    """No sort, argsort or unique of so many numbers as letters but one, in place."""
    text = load_corpus()[:60_000]
    sorts = []

    class Counting:
        def __getattr__(self, name):
            function = getattr(np, name)
            if name in ("argsort", "unique", "searchsorted"):
                return lambda *a, **k: (sorts.append(max(map(np.size, a))), function(*a, **k))[1]
            return function

    monkeypatch.setattr(smoothing, "np", Counting())
    NGram.fit(text, order=3)
    assert max(sorts) < len(text) / 5

"""The tokenizer of GPT-2: its ids are those of tokenizers, and any text comes back."""

import json
import shutil
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boltzmann.language import GPT2
from boltzmann.language.gpt2 import tokenizer
from tests.support.gpt2_checkpoints import CORPUS, STORED, TINY, TRICKY, needs_tokenizers

# Characters that Unicode has not assigned yet are left out: the peer's table is of another year
# than Python's.
assigned = st.characters(codec="utf-8", exclude_categories=["Cs", "Cn"])
texts = st.text(assigned, max_size=40) | st.lists(
    st.sampled_from(
        ["<|endoftext|>", " ", "\n", "'s", "'", "the", " The", "1", "½", "_", "é", "!", "\x1f"]
    )
).map("".join)


@cache
def tiny_model():
    """Return the model that ships, which Hypothesis cannot take from a fixture of a module."""
    return GPT2.load("tiny")


@settings(max_examples=100, deadline=None)
@given(texts | st.text(st.characters(codec="utf-8")))
def test_any_text_comes_back(text):
    model = tiny_model()
    ids = model.encode(text)
    assert model.decode(ids) == text
    assert b"".join(model.tokens[i] for i in ids) == text.encode()


@cache
def peer_tokenizer():
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(TINY / "tokenizer.json"))


@needs_tokenizers
@settings(max_examples=100, deadline=None)
@given(texts)
def test_ids_are_those_of_tokenizers(text):
    assert list(tiny_model().encode(text)) == peer_tokenizer().encode(text).ids


@needs_tokenizers
def test_ids_of_the_corpus_and_of_tricky_text_are_those_of_tokenizers(tiny):
    for text in (CORPUS, TRICKY, "a" * 5000 + " " * 5000, ""):
        assert list(tiny.encode(text)) == peer_tokenizer().encode(text).ids


def test_ids_of_tricky_text_are_those_stored(tiny):
    """They are tokenizers'."""
    np.testing.assert_array_equal(tiny.encode(TRICKY), np.load(STORED)["tricky"])


def test_tokens_are_cut_by_gpt_2s_rule(small):
    """The merges are t h, th e and ␣ the: no token extends from a word to a blank or a number."""
    assert small.encode("the the").tolist() == [257, 258]
    assert [small.tokens[i] for i in small.encode("the  the")] == [b"the", b" ", b" the"]
    assert [small.tokens[i] for i in small.encode("t2the")] == [b"t", b"2", b"the"]
    assert [small.tokens[i] for i in small.encode("it'the")] == [b"i", b"t", b"'", b"t", b"h", b"e"]


@pytest.mark.parametrize(
    "pieces",
    [
        ["don", "'t", " stop", " '", "til", " I", "'", "LL"],
        ["x", "²½Ⅷ", "y", " ", " 3", "b"],  # numbers of all kinds, of which Python's \\d is but one
        ["a", "\x1c\x1d", " b", "_", "c", "__!"],  # no white space to Unicode, but to Python
        ["é", "\u0301", "e", "\u3000", "一二", "…–", "\n", "\n", "z", " \n "],
    ],
)
def test_pieces_are_unicodes_words_numbers_and_signs(pieces):
    assert list(tokenizer._pieces("".join(pieces))) == pieces


def test_both_layouts_of_a_vocabulary_give_the_same_ids(tiny, tmp_path):
    folder = tmp_path / "two_files"
    shutil.copytree(TINY, folder)
    whole = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").unlink()
    vocabulary = whole["model"]["vocab"] | {
        token["content"]: token["id"] for token in whole["added_tokens"]
    }
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    merges = [
        merge if isinstance(merge, str) else " ".join(merge) for merge in whole["model"]["merges"]
    ]
    (folder / "merges.txt").write_text(
        "#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8"
    )

    model = GPT2.load(folder)
    assert model.tokens == tiny.tokens
    for text in (CORPUS[:20_000], TRICKY):
        np.testing.assert_array_equal(model.encode(text), tiny.encode(text))

    whole["model"]["merges"] = merges  # one str each, as older files have them
    (folder / "tokenizer.json").write_text(json.dumps(whole))
    np.testing.assert_array_equal(
        GPT2.load(folder).encode(CORPUS[:20_000]), tiny.encode(CORPUS[:20_000])
    )


def test_bytes_that_are_no_utf_8_become_replacement_characters(small):
    assert small.decode([0xF0, 0x9F]) == "\ufffd"
    assert small.decode([299]) == ""  # an id of the network's that the vocabulary does not have

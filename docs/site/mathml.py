"""Formulas as MathML, which browsers show by themselves, without a script and from disk."""

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging

_LOGGER = logging.getLogger(__name__)

# A function's name is an identifier. Spaces that TeX sets and browsers do not: none after a sign
# that has nothing before it, nor around a slash, and a thin one between a function's name and its
# argument without brackets.
_MENDED = (
    (r"<mo>([A-Za-z]{2,})</mo>", r"<mi>\1</mi>"),
    (r"(<mo[^>]*>&#x000(?:28|3D|2C);</mo>)<mo>(&#x02212;)</mo>", r'\1<mo form="prefix">\2</mo>'),
    (r"<mo>(&#x0002F;)</mo>", r'<mo lspace="0" rspace="0">\1</mo>'),
    (r"(<mi>[a-z]{2,}</mi>)(?=<m(?!o stretchy))", r'\1<mspace width="0.17em"/>'),
    (r"(<mi>\w</mi>|</m(?:sub|sup|frac)>)(?=<mi>[a-z]{2,}</mi>)", r'\1<mspace width="0.17em"/>'),
)


def _formula(node: nodes.Element, display: str) -> str:
    """Return a formula as MathML; warn if a command of TeX is left in it."""
    made = convert(node.astext(), display=display)
    for pattern, mended in _MENDED:
        made = re.sub(pattern, mended, made)
    if "\\" in made:
        _LOGGER.warning("formula not understood: %s", node.astext(), location=node)
    return made


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(_formula(node, "inline"))
    raise nodes.SkipNode


def _block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="formula">{_formula(node, "block")}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Offer Sphinx the renderer `mathml`."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Formulas as MathML, which browsers show by themselves, without a script and from disk."""

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging

_LOGGER = logging.getLogger(__name__)


def _formula(node: nodes.Element, display: str) -> str:
    """Return a formula as MathML; warn if a command of TeX is left in it."""
    made = convert(node.astext(), display=display)
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

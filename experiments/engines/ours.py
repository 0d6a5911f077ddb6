# /// script
# requires-python = ">=3.11"
# dependencies = []
# [tool.engine]
# name = "boltzmann, the control"
# ours = true
# ///
"""The control: this package's own `draw`, asked what every engine is asked."""

from typing import Any, ClassVar

import interview
import known_logits
import numpy as np

import boltzmann
from boltzmann.language import draw

NO_BATCH = "it draws for one prompt at a time"


class Ours(interview.Engine):
    """`boltzmann.language.draw` on the logits themselves."""

    lacks: ClassVar = {
        "logprob": "it reports none: who draws has the logits",
        "batch_seeded": NO_BATCH,
        "batch_unseeded": NO_BATCH,
    }

    def versions(self) -> dict[str, str]:
        return {"boltzmann": boltzmann.__version__, "numpy": np.__version__}

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        if row == "tail":
            logits = known_logits.tail_row(self.tail[0])
            return draw(logits, size=count, **settings).tolist()
        vocabulary = known_logits.Vocabulary(known_logits.ROWS)
        ids = draw(vocabulary.logits(row), size=count, **settings)
        start, size = vocabulary.start(row), known_logits.ROWS[row].size
        return np.where((ids >= start) & (ids < start + size), ids - start, -1 - ids).tolist()


if __name__ == "__main__":
    interview.main(Ours)

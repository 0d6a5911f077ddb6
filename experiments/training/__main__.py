"""Train the small GPT-2 that ships with the package: `python -m experiments.training`.

It needs `pip install 'boltzmann[train]'`, one core and a quarter of an hour. The last tenth of the
corpus is held out: neither the vocabulary nor the weights learn from it. Training goes on to the
end of its schedule, where that text has long become neither easier nor harder to predict: meanwhile
what the model writes becomes more like the corpus. A model card beside the checkpoint records what
was done and what came of it.
"""

import argparse
from pathlib import Path

from boltzmann.language import load_corpus
from experiments.training.checkpoint import card, save
from experiments.training.config import Config
from experiments.training.data import split, trained_tokenizer
from experiments.training.optimisation import trained_weights

TINY = Path(__file__).resolve().parents[2] / "boltzmann" / "data" / "tiny_gpt2"


def main() -> None:
    """Train, and write the checkpoint and its card."""
    options = _options()
    config = Config(steps=options.steps, seed=options.seed)
    folder: Path = options.output
    folder.mkdir(parents=True, exist_ok=True)

    training, held_out = split(load_corpus(), config.held_out)
    tokenizer = trained_tokenizer(training, config.tokens)
    tokenizer.save(str(folder / "tokenizer.json"))
    weights, losses = trained_weights(tokenizer, training, held_out, config)
    save(weights, config, folder)
    (folder / "README.md").write_text(card(folder, training, held_out, losses, config))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.training", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "--output", metavar="DIR", type=Path, default=TINY, help="by default the folder that ships"
    )
    parser.add_argument("--steps", type=int, default=Config.steps)
    parser.add_argument("--seed", type=int, default=Config.seed)
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Run experiments: `python -m experiments [NAME ...]`; `--help` tells the rest."""

import sys

from experiments.runner.cli import main

if __name__ == "__main__":
    sys.exit(main())

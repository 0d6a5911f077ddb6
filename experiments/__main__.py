"""Run experiments: `python -m experiments [NAME ...]`; `--help` tells the rest."""

import os
import sys

if __name__ == "__main__":
    # Read when NumPy is imported. The matrices of the lessons are small: more threads of a BLAS
    # would spin, and take their processor time from the lessons that run beside.
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ.setdefault(name, "1")

    from experiments.runner.cli import main

    sys.exit(main())

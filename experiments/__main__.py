"""Run experiments: `python -m experiments [NAME ...]`; `--help` tells the rest."""

import os
import sys

if __name__ == "__main__":
    # Read when NumPy is imported. The matrices of the lessons are small: more threads of a BLAS
    # would spin, and take their processor time from the lessons that run beside.
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ.setdefault(name, "1")

    try:
        from experiments.runner.cli import main
    except ModuleNotFoundError as missing:
        sys.stderr.write(
            f"experiments: {missing.name} is not installed in {sys.executable}: activate the "
            "virtual environment, or run python -m pip install -e .\n"
        )
        sys.exit(2)

    sys.exit(main())

"""The decorator that compiles a kernel."""

import numpy as np
from numba import config, njit


def kernel(function=None, **options):
    """Compile by Numba, without Python's lock, and cache the machine code for the next process.

    Where neither the folder of this package nor the user's cache can be written to, each process
    compiles anew. Where NUMBA_DISABLE_JIT leaves kernels to Python, numbers wrap and divide as they
    do compiled: without a warning.
    """
    if function is None:
        return lambda decorated: kernel(decorated, **options)
    if getattr(config, "DISABLE_JIT", 0):
        return np.errstate(all="ignore")(function)
    try:
        return njit(nogil=True, cache=True, **options)(function)
    except RuntimeError:  # no place for the cache
        return njit(nogil=True, **options)(function)

"""The decorator that compiles a kernel."""

from numba import njit


def kernel(function=None, **options):
    """Compile by Numba, without Python's lock, and cache the machine code for the next process.

    Where neither the folder of this package nor the user's cache can be written to, each process
    compiles anew.
    """
    if function is None:
        return lambda decorated: kernel(decorated, **options)
    try:
        return njit(nogil=True, cache=True, **options)(function)
    except RuntimeError:  # no place for the cache
        return njit(nogil=True, **options)(function)

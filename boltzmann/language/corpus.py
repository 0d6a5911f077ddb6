"""Loading a text to fit a model to: the one that ships, or any UTF-8 file."""

import os
from importlib import resources
from pathlib import Path


def load_corpus(path: str | os.PathLike[str] | None = None) -> str:
    r"""Return the text that ships with the package, or that of the UTF-8 file at `path`.

    A byte order mark is dropped, and every line ends in "\n".

    Parameters
    ----------
    path : str or os.PathLike, optional
        A file of UTF-8 text; the one that ships by default.

    Returns
    -------
    str
        The text.

    Raises
    ------
    ValueError
        If the file cannot be read, is not UTF-8, or holds only white space; the message names the
        file.

    See Also
    --------
    NGram : A model of letters.

    Examples
    --------
    >>> text = load_corpus()
    >>> len(text) > 10_000, "\r" in text
    (True, False)
    """
    if not isinstance(path, str | os.PathLike | None):
        raise ValueError(f"path must be a file name, got {path!r}")

    file = resources.files("boltzmann") / "data" / "corpus.txt" if path is None else Path(path)
    try:
        text = file.read_bytes().decode()
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise ValueError(
            f"{file} is not UTF-8: byte 0x{byte:02x} at offset {error.start}"
        ) from error

    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise ValueError(f"{file} holds no text")
    return text

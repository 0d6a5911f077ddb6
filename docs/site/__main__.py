"""Write the site, readable from disk: `python docs/site FOLDER`.

It needs `pip install -e ".[docs]"`. A warning of Sphinx, a link that leads nowhere and anything
that a page would fetch from elsewhere is an error.
"""

import shutil
import sys
import tempfile
from pathlib import Path

try:
    from links import faults
    from sources import write_sources
    from sphinx.cmd.build import main as sphinx_build
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is missing: python -m pip install -e ".[docs]" brings it')

HERE = Path(__file__).resolve().parent


def build(folder: Path) -> int:
    """Write the sources into a temporary folder, and from them the site; return a status."""
    with tempfile.TemporaryDirectory() as made:
        sources, pages = Path(made) / "sources", Path(made) / "pages"
        write_sources(sources)
        options = ["-q", "-W", "--keep-going", "-b", "html", "-c", str(sources)]
        if status := sphinx_build([*options, str(sources), str(pages)]):
            return status

        wrong = faults(pages)
        for fault in wrong:
            print(fault, file=sys.stderr)
        shutil.rmtree(pages / ".doctrees", ignore_errors=True)
        shutil.copytree(pages, folder, dirs_exist_ok=True)
    print(f"open {folder / 'index.html'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/site FOLDER")
    sys.exit(build(Path(sys.argv[1])))

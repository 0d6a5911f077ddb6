"""Links of a built site: each leads somewhere, and no page fetches anything from elsewhere."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src"}


class _Page(HTMLParser):
    """The anchors of a page, where it leads, and what it fetches."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.leads: list[str] = []
        self.fetches: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag names and where it points."""
        given = {key: value or "" for key, value in attrs}
        self.anchors |= {given[key] for key in ("id", "name") if key in given}
        if tag in ("a", "area") and "href" in given:
            self.leads.append(given["href"])
        if FETCHED.get(tag) in given:
            self.fetches.append(given[FETCHED[tag]])


def faults(site: Path) -> list[str]:
    """Return what is wrong with the links of a site, a line for each."""
    site = site.resolve()
    pages = {path: _Page(path) for path in sorted(site.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        where = path.relative_to(site)
        found += [
            f"{where}: fetches {target}"
            for target in page.fetches
            if urlsplit(target).scheme not in ("", "data") or target.startswith("//")
        ]
        for target in [*page.leads, *page.fetches]:
            if not _is_there(path, target, pages):
                found.append(f"{where}: {target} leads nowhere")
    return found


def _is_there(path: Path, target: str, pages: dict[Path, _Page]) -> bool:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return True  # elsewhere: not asked
    there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not there.is_file():
        return False
    # A page that is a program reads its address itself, as the explorer does.
    anchor = unquote(parts.fragment)
    return not anchor or "=" in anchor or there not in pages or anchor in pages[there].anchors

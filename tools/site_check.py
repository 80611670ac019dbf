#!/usr/bin/env python3
"""Checks the samples of the pages, and the links of the built site.

    tools/site_check.py samples PATH...   JSON, YAML, Python and XML samples parse
    tools/site_check.py html SITE         each link and anchor leads to something, nothing is loaded from elsewhere
"""
import ast
import html.parser
import json
import pathlib
import re
import sys
import urllib.parse
import xml.etree.ElementTree

import yaml

FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
LOADING = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}


def parses(language, text):
    if language == "python":
        ast.parse(text)
    elif language in ("yaml", "yml"):
        list(yaml.safe_load_all(text))
    elif language == "xml":
        xml.etree.ElementTree.fromstring(f"<sample>{text}</sample>")
    elif language == "json":
        json.loads(text)


def samples(paths):
    pages = [page for path in map(pathlib.Path, paths) for page in (sorted(path.glob("*.md")) if path.is_dir() else [path])]
    problems, count = [], 0
    for page in pages:
        text = page.read_text()
        for fence in FENCE.finditer(text):
            count += 1
            try:
                parses(fence.group(1), fence.group(2))
            except Exception as e:  # noqa: BLE001 - each parser has its own
                line = text[: fence.start()].count("\n") + 1
                problems.append(f"{page}:{line}: {fence.group(1)} sample does not parse: {e}")
    return problems, f"{count} samples"


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.loaded, self.anchors = [], [], {"", "top"}

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors.update(given[name] for name in ("id", "name") if given.get(name))
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        stored = tag != "link" or given.get("rel") in ("stylesheet", "icon", "preload", "preconnect", "prefetch")
        if tag in LOADING and stored and given.get(LOADING[tag]):
            self.loaded.append(given[LOADING[tag]])


def read(file):
    page = Page()
    page.feed(file.read_text(errors="replace"))
    return page


def site(root):
    root = pathlib.Path(root).resolve()
    api = root / "api"
    pages = {file: read(file) for file in root.rglob("*.html") if api not in file.parents}
    if not pages:
        return [f"{root}: no pages"], "0 pages"
    problems, count = [], 0
    for file, page in pages.items():
        for target in page.loaded:
            if urllib.parse.urlsplit(target).netloc:
                problems.append(f"{file}: loads {target}")
        for target in page.links + page.loaded:
            parts = urllib.parse.urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            count += 1
            path = urllib.parse.unquote(parts.path)
            there = (root / path.lstrip("/") if path.startswith("/") else file.parent / path).resolve() if path else file
            there = there / "index.html" if there.is_dir() else there
            if not there.exists():
                if file.name != "404.html" and (api.exists() or api not in [there, *there.parents]):
                    problems.append(f"{file}: no page {target}")
            elif parts.fragment and there.suffix == ".html":
                anchors = pages[there].anchors if there in pages else read(there).anchors
                if urllib.parse.unquote(parts.fragment) not in anchors:
                    problems.append(f"{file}: no anchor {target}")
    for style in root.rglob("*.css"):
        foreign = re.findall(r"url\(['\"]?((?:https?:)?//[^)'\"]+)|@import\s+['\"]?((?:https?:)?//[^'\"]+)", style.read_text(errors="replace"))
        problems += [f"{style}: loads {found}" for found in foreign]
    return problems, f"{len(pages)} pages, {count} links within the site"


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("samples", "html"):
        sys.exit(__doc__)
    problems, counted = samples(sys.argv[2:]) if sys.argv[1] == "samples" else site(sys.argv[2])
    print(f"{counted}, {len(problems)} problems", file=sys.stderr)
    sys.exit("\n".join(problems) if problems else 0)


if __name__ == "__main__":
    main()

"""Hooks of MkDocs: links out of docs/ lead to the repository, if their target exists."""
import os
import re

LINK = re.compile(r"\]\((\.\./[^)#\s]+)(#[^)\s]*)?\)")


def on_page_markdown(markdown, page, config, files):
    root = os.path.dirname(config["config_file_path"])
    docs = os.path.dirname(page.file.abs_src_path)

    def leave(link):
        target = os.path.normpath(os.path.join(docs, link.group(1)))
        if not os.path.exists(target):
            raise SystemExit(f"{page.file.src_path}: no file {link.group(1)}")
        path = os.path.relpath(target, root)
        return f"]({config['extra']['repository']}/blob/main/{path}{link.group(2) or ''})"

    return LINK.sub(leave, markdown)

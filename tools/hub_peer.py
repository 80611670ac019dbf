"""Runs Python's huggingface_hub on the cache that it shares with lora4j.

    python tools/hub_peer.py request.json

The request is an object: `do` is `find` (search the cache only), `fetch` (download a snapshot) or `try` (look up the
files in `names`); `home` is HF_HOME, `endpoint` HF_ENDPOINT, `repo` and `revision` select the snapshot. Prints one line
of JSON: the snapshot's directory, or the path of each name, null for a missing file.
"""
import json
import os
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)
    os.environ.update(HF_HOME=request["home"], HF_ENDPOINT=request["endpoint"], HF_HUB_DISABLE_XET="1",
                      HF_HUB_DISABLE_PROGRESS_BARS="1", HF_HUB_DISABLE_TELEMETRY="1")
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        os.environ.pop(name, None)
    from huggingface_hub import snapshot_download, try_to_load_from_cache

    repo, revision = request["repo"], request["revision"]
    if request["do"] == "try":
        answer = {n: try_to_load_from_cache(repo, n, revision=revision) for n in request["names"]}
    else:
        answer = snapshot_download(repo, revision=revision, local_files_only=request["do"] == "find",
                                   allow_patterns=request.get("names"))
    print(json.dumps(answer))


main()

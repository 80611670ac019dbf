"""Tool calls as JSON Lines, and the same rows as a parquet file by datasets, whose structs have the keys of all rows.

    pip install datasets trl==1.13.0 && python tools/parquet_fixtures.py

TRL's remove_none_values must turn the rows of the parquet file into those of the JSON Lines file.
"""
import json
import pathlib
import sys

from datasets import Dataset
from trl.trainer.utils import remove_none_values

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "llm/src/test/resources/fixtures/text/parquet"


def tool(name, properties, required):
    return {"type": "function", "function": {"name": name, "description": f"Calls {name}.", "parameters": {
        "type": "object", "properties": properties, "required": required}}}


def call(name, **arguments):
    return {"role": "assistant", "tool_calls": [{"type": "function", "function": {"name": name, "arguments": arguments}}]}


WEATHER = tool("weather", {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["C", "F"]}}, ["city"])
SEARCH = tool("search", {"query": {"type": "string"}, "limit": {"type": "integer", "minimum": 1}}, ["query"])
CLOCK = tool("clock", {}, [])
ROWS = [
    {"messages": [{"role": "user", "content": "Warm in Bonn?"}, call("weather", city="Bonn", unit="C"),
                  {"role": "tool", "name": "weather", "content": "21"}, {"role": "assistant", "content": "Yes, 21 °C."}],
     "tools": [WEATHER, SEARCH]},
    {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Find two owls."},
                  call("search", query="owls", limit=2), {"role": "tool", "name": "search", "content": "null, \"\""},
                  {"role": "assistant", "content": "None.", "train": True}],
     "tools": [SEARCH]},
    {"messages": [{"role": "user", "content": "What time is it?"}, call("clock")], "tools": [CLOCK, WEATHER]},
    {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi", "weight": 1}], "tools": []},
]


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = FOLDER / "tools.jsonl"
    lines.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS), encoding="utf-8")
    table = FOLDER / "tools.parquet"
    Dataset.from_list(ROWS).to_parquet(table)
    stored = Dataset.from_parquet(str(table)).to_list()
    wrong = sum(remove_none_values(one) != row for one, row in zip(stored, ROWS, strict=True))
    filled = json.dumps(stored).count("null")
    print(f"{len(ROWS)} rows, {filled} keys filled with null, {wrong} rows differ")
    sys.exit(1 if wrong or not filled else 0)


if __name__ == "__main__":
    main()

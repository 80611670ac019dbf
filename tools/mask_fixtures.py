"""Label masks of odd conversations by transformers and TRL.

    python tools/mask_fixtures.py

Each template of chat_fixtures.py gets {% generation %} marks around the text after its generation prompt, up to and with
the stop token, and must still render the same text. transformers' `return_assistant_tokens_mask` then gives the mask of
the whole conversation, and the mask of the last answer of each beginning, for templates that render earlier answers
differently. TRL's own training templates are stored with their masks.
"""
import importlib.resources
import json
import pathlib
import sys

from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils, logging

logging.set_verbosity_error()
ROOT = pathlib.Path(__file__).resolve().parent.parent
TEXT = ROOT / "llm/src/test/resources/fixtures/text"

# Llama 3.2's template writes the day.
DATE = "{%- set date_string = '29 Nov 2026' %}"
OPEN, CLOSE = "{% generation %}", "{% endgeneration %}"
CHATML = "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
MARKED_CHATML = ("{{'<|im_start|>' + message['role'] + '\\n'}}{% if message['role'] == 'assistant' %}" + OPEN
                 + "{{ message['content'] + '<|im_end|>' }}" + CLOSE
                 + "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '\\n' }}")
HEADER = "<|end_header_id|>\\n\\n"
MARKED_HEADER = ("{% if message['role'] == 'assistant' %}{% set parts = content.split('" + HEADER + "', 1) %}{{ parts[0] + '"
                 + HEADER + "' }}" + OPEN + "{{ parts[1] }}" + CLOSE + "{% else %}{{ content }}{% endif %}")
LLAMA31 = [
    ("{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}",
     "{%- set content = '<|start_header_id|>' + message['role'] + '" + HEADER + "' + message['content'] | trim + '<|eot_id|>' -%}"
     + MARKED_HEADER),
    ("{{- '{\"name\": \"' + tool_call.name + '\", ' }}", OPEN.replace("%", "%-", 1) + "{{- '{\"name\": \"' + tool_call.name + '\", ' }}"),
]
MARKS = {
    "smollm2": [(CHATML, MARKED_CHATML)],
    "qwen2": [(CHATML, MARKED_CHATML)],
    "llama3": [("{{ content }}", MARKED_HEADER)],
    "llama2": [("{{ ' '  + content.strip() + ' ' + eos_token }}", OPEN + "{{ ' '  + content.strip() + ' ' + eos_token }}" + CLOSE)],
    "tinyllama": [("{{ '<|assistant|>\\n'  + message['content'] + eos_token }}",
                   "{{ '<|assistant|>\\n' }}" + OPEN + "{{ message['content'] + eos_token }}" + CLOSE + "{{ '' }}")],
    "mistral": [("{{ message['content'] + eos_token}}", OPEN + "{{ message['content'] + eos_token}}" + CLOSE)],
    "mistral-nemo": [
        ("{{- \"[TOOL_CALLS][\" }}", "{%- generation %}{{- \"[TOOL_CALLS][\" }}"),
        ("        {%- endfor %}\n    {%- elif message[\"role\"] == \"assistant\" %}",
         "        {%- endfor %}{%- endgeneration %}\n    {%- elif message[\"role\"] == \"assistant\" %}"),
        ("{{- message[\"content\"] + eos_token}}", "{%- generation %}{{- message[\"content\"] + eos_token}}{%- endgeneration %}"),
    ],
    "llama3.1": LLAMA31 + [
        ("            {{- \"}\" }}\n", "            {{- \"}<|eot_id|>\" }}{%- endgeneration %}\n"),
        ("            {{- \"<|eot_id|>\" }}\n        {%- endif %}\n    {%- elif", "        {%- endif %}\n    {%- elif"),
    ],
    "llama3.2": LLAMA31 + [("{{- \"}\" }}\n        {{- \"<|eot_id|>\" }}", "{{- \"}\" }}\n        {{- \"<|eot_id|>\" }}{%- endgeneration %}")],
}
TOKENIZERS = {
    "smollm2": "smollm2", "qwen2": "smollm2", "qwen2.5": "smollm2", "llama3": "llama3", "llama3.1": "llama3", "llama3.2": "llama3",
    "llama2": "llama2", "tinyllama": "llama2", "mistral": "llama2", "mistral-nemo": "llama2",
    "qwen2_5_training": "smollm2", "qwen3_training": "smollm2", "llama3_training": "llama3",
}
NO_TOOLS = {"smollm2", "qwen2", "llama3", "llama2", "tinyllama", "mistral", "llama3_training"}


def qwen25(source):
    """Marks Qwen2.5's template as TRL does, with the mark after the generation prompt and before the last newline."""
    assistant = "(message.role == \"assistant\" and not message.tool_calls)"
    source = replaced(source, " or " + assistant, "")
    source = replaced(source, "    {%- elif message.role == \"assistant\" %}", (
        "    {%- elif message.role == \"assistant\" and not message.tool_calls %}{{- '<|im_start|>assistant\\n' }}{%- generation %}"
        "{{- message.content + '<|im_end|>' }}{%- endgeneration %}{{- '\\n' }}\n    {%- elif message.role == \"assistant\" %}"))
    begin, end = source.index("        {{- '<|im_start|>' + message.role }}"), source.index("    {%- elif message.role == \"tool\" %}")
    body = source[begin:end]
    body = replaced(body, "{{- '<|im_start|>' + message.role }}", "{{- '<|im_start|>assistant\\n' }}{%- generation %}{%- set ns = namespace(line='') %}")
    body = replaced(body, "{{- '\\n' + message.content }}", "{{- message.content }}{%- set ns.line = '\\n' %}")
    body = replaced(body, "{{- '\\n<tool_call>\\n{\"name\": \"' }}", "{{- ns.line + '<tool_call>\\n{\"name\": \"' }}{%- set ns.line = '\\n' %}")
    body = replaced(body, "{{- '<|im_end|>\\n' }}", "{{- '<|im_end|>' }}{%- endgeneration %}{{- '\\n' }}")
    return source[:begin] + body + source[end:]


def replaced(source, old, new):
    assert source.count(old) == 1, (old, source.count(old))
    return source.replace(old, new)


def marked(name):
    source = DATE + (TEXT / f"chat/{name}.jinja").read_text(encoding="utf-8")
    if name == "qwen2.5":
        return source, qwen25(source)
    out = source
    for old, new in MARKS[name]:
        out = replaced(out, old, new)
    return source, out


def user(content):
    return dict(role="user", content=content)


def answer(content):
    return dict(role="assistant", content=content)


def system(content):
    return dict(role="system", content=content)


TOOL = dict(type="function", function=dict(name="weather", description="Weather of a town", parameters=dict(
    type="object", properties=dict(town=dict(type="string")), required=["town"])))
RESULT = dict(role="tool", name="weather", tool_call_id="abcdefghi", content="{\"deg\": 7}")


def call(content, *towns):
    calls = [dict(id="abcdefghi", type="function", function=dict(name="weather", arguments=dict(town=town))) for town in towns]
    return dict(role="assistant", content=content, tool_calls=calls)


CONVERSATIONS = {
    "plain": ([user("One?"), answer("1 dog"), user("Two?"), answer("2 dogs")], None),
    "begins with the assistant": ([answer("Welcome here"), user("Say hi"), answer("Hi there")], None),
    "the assistant alone": ([answer("Once upon a time")], None),
    "system, then the assistant": ([system("Be brief."), answer("Hello"), user("Hi"), answer("Hi")], None),
    "two answers in a row": ([user("Go"), answer("First."), answer("Second.")], None),
    "ends with the user": ([user("One?"), answer("1"), user("Two?")], None),
    "ends with the system": ([user("One?"), answer("1"), system("Stop.")], None),
    "an empty answer": ([user("One?"), answer(""), user("Two?"), answer("2")], None),
    "spaces": ([user(" a "), answer("\n b \n"), user("c"), answer("  d")], None),
    "the header in an answer": ([user("x"), answer("<|im_start|>assistant\ny"), user("z"), answer("[INST] w")], None),
    "begins with the header": ([answer("a <|im_start|>assistant\nb"), user("c"), answer("d")], None),
    "unicode": ([user("Grüße 😀"), answer("Привет 👨‍👩‍👧"), user("你好"), answer("é")], None),
    "a tool call": ([user("Weather in Ulm?"), call(None, "Ulm"), RESULT, answer("It is 7 degrees.")], [TOOL]),
    "a tool call with a text": ([system("Be brief."), user("Weather?"), call("I look.", "Ulm"), RESULT, answer("7.")], [TOOL]),
    "two calls": ([user("Weather?"), call(None, "Ulm", "Bonn"), RESULT, RESULT, answer("7 and 7.")], [TOOL]),
    "a call at the end": ([user("Hi"), answer("Hello"), user("Weather?"), call(None, "Köln")], [TOOL]),
    "tools that are not called": ([user("Hi"), answer("Hello")], [TOOL]),
}


def masked(tokenizer, template, messages, tools):
    out = tokenizer.apply_chat_template(messages, chat_template=template, tools=tools, tokenize=True, return_dict=True,
                                        return_assistant_tokens_mask=True)
    return dict(tokens=out["input_ids"], loss=out["assistant_masks"])


def last_span(loss):
    """Keeps the last run of ones."""
    end = max(i for i, one in enumerate(loss) if one) + 1
    begin = max((i + 1 for i in range(end) if not loss[i]), default=0)
    return [int(begin <= i < end) for i in range(len(loss))]


def rendered(template, messages, tools):
    return chat_template_utils.render_jinja_template([messages], chat_template=template, tools=tools, bos_token="<s>", eos_token="</s>")[0][0]


def case(tokenizer, source, template, messages, tools):
    whole = rendered(source, messages, tools)
    assert whole == rendered(template, messages, tools), (whole, rendered(template, messages, tools))
    beginnings = [messages[:i + 1] for i, m in enumerate(messages) if m["role"] == "assistant"]
    if source is template or all(whole.startswith(rendered(source, b, tools)) for b in beginnings):
        return [masked(tokenizer, template, messages, tools)]
    examples = [masked(tokenizer, template, b, tools) for b in beginnings]
    return [dict(tokens=e["tokens"], loss=last_span(e["loss"])) for e in examples]


def cases(name, source, template):
    tokenizer = PreTrainedTokenizerFast.from_pretrained(TEXT / TOKENIZERS[name])
    out = []
    for title, (messages, tools) in CONVERSATIONS.items():
        if tools and name in NO_TOOLS:
            continue
        one = dict(title=title, row=dict(messages=messages) | (dict(tools=tools) if tools else {}))
        try:
            one["examples"] = case(tokenizer, source, template, messages, tools)
        except AssertionError:
            raise
        except Exception as e:
            one["error"] = str(e).splitlines()[0]
        out.append(one)
    return dict(tokenizer=TOKENIZERS[name], cases=out)


def main():
    out = {}
    for name in TOKENIZERS:
        if name.endswith("_training"):
            source = importlib.resources.files("trl").joinpath(f"chat_templates/{name}.jinja").read_text(encoding="utf-8")
            out[name] = dict(template=source) | cases(name, source, source)
        else:
            out[name] = cases(name, *marked(name))
    for name, model in out.items():
        print(name, sum("error" in c for c in model["cases"]), "errors of", len(model["cases"]))
    path = TEXT / "chat/masks.json"
    path.write_text(json.dumps(out, ensure_ascii=False, separators=(",", ":")).replace('{"title"', '\n{"title"') + "\n", encoding="utf-8")
    print(path.relative_to(ROOT), path.stat().st_size, "bytes")


if __name__ == "__main__":
    sys.exit(main())

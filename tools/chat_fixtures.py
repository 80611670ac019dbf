"""Fixtures of chat templates rendered by transformers: published templates, and small pieces of Jinja."""
import datetime
import json
import pathlib
import sys

from transformers.utils import chat_template_utils

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "llm/src/test/resources/fixtures/text/chat"
TODAY = datetime.datetime(2026, 3, 4, 15, 6, 7)


class FixedDate(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return TODAY


chat_template_utils.datetime = FixedDate

TOKENS = {
    "smollm2": ("<|im_start|>", "<|im_end|>"), "llama2": ("<s>", "</s>"), "tinyllama": ("<s>", "</s>"),
    "llama3": ("<|begin_of_text|>", "<|eot_id|>"), "llama3.1": ("<|begin_of_text|>", "<|eot_id|>"),
    "llama3.2": ("<|begin_of_text|>", "<|eot_id|>"), "mistral": ("<s>", "</s>"), "mistral-nemo": ("<s>", "</s>"),
    "qwen2": (None, "<|im_end|>"), "qwen2.5": (None, "<|im_end|>"), "qwen3": (None, "<|im_end|>"),
    "gemma2": ("<bos>", "<eos>"), "gemma3": ("<bos>", "<eos>"), "phi3": ("<s>", "<|endoftext|>"),
    "phi3.5": ("<s>", "<|endoftext|>"), "marked": ("<s>", "</s>"),
    "like-smollm3": (None, "<|im_end|>"), "like-phi4": (None, "<|im_end|>"), "like-ministral3": ("<s>", "</s>"),
    "like-olmo2": ("<|endoftext|>", "<|endoftext|>"),
}


def turns(*contents, system=None):
    out = [dict(role="system", content=system)] if system is not None else []
    return out + [dict(role=("user", "assistant")[i % 2], content=c) for i, c in enumerate(contents)]


TOOL = dict(type="function", function=dict(
    name="weather", description="Says \"how\" it <is> & will be: é", parameters=dict(
        type="object", properties=dict(city=dict(type="string"), days=dict(type="integer", default=1.5)),
        required=["city"], strict=None, more=True)))

CONVERSATIONS = {
    "question": turns("What is LoRA?"),
    "answered": turns("What is LoRA?", "Low-rank adaptation."),
    "system": turns("Hi", "Hello!", system="Be brief."),
    "spaces": turns("  two spaces \n", "\n\n answer  ", system=" padded\n"),
    "three turns": turns("One?", "1", "Two?", "2", "Three?", "3", system="Count."),
    "open": turns("One?", "1", "Two?"),
    "unicode": turns("Grüße 😀 你好", "Привет"),
    "marks": turns("{{ not a template }} {% if %}", "</s><|im_end|>'\"\\n"),
    "thought": turns("2+2?", "<think>\nadd them\n</think>\n\n4", "3+3?", "<think>\nadd\n</think>\n\n6"),
    "empty": turns("", ""),
    "wrong order": [dict(role="assistant", content="first"), dict(role="user", content="second")],
    "unknown role": [dict(role="critic", content="no")],
}

# More for templates of our own, which have the means of a published one.
MEANS = {
    "like-smollm3": {
        "mode in the system prompt": (turns("Hi", "\n\nHello!", system="Be brief. /no_think  "), {}),
        "other mode in the system prompt": (turns("Hi", system="/think"), dict(enable_thinking=False)),
        "overridden system prompt": (turns("Hi", system="Only this. /system_override\n"), {}),
        "tools for XML": (turns("Weather?"), dict(xml_tools=[TOOL, "plain"])),
        "tools for Python": (turns("Weather?"), dict(python_tools=["def f(x): pass"], enable_thinking=False)),
        "blocks": ([dict(role="user", content=[dict(type="text", text="ignored")])], {}),
    },
    "like-phi4": {"blocks": ([dict(role="user", content=[dict(type="text", text="What's \"this\"?")])], {})},
    "like-ministral3": {
        "blocks": ([dict(role="system", content=[dict(type="text", text="Be"), dict(type="text", text=" brief.")]),
                    dict(role="user", content=[dict(type="text", text="What?"), dict(type="image")]),
                    dict(role="assistant", content=[dict(type="text", text="A cat.")])], {}),
        "block of no kind": ([dict(role="user", content=[dict(type="sound")])], {}),
        "calls with arguments as text": (turns("Weather?") + [dict(role="assistant", content="", tool_calls=[
            dict(type="function", function=dict(name="weather", arguments="{\"city\":  \"Köln\"}")),
            dict(type="function", function=dict(name="time", arguments=""))]), dict(role="tool", content=3.5)], {}),
        "nothing said": (turns("Hi") + [dict(role="assistant", content="", tool_calls=[])], {}),
    },
}

LANGUAGE = {
    "text": "a {# gone #} b", "newline at the end": "a\n", "two newlines at the end": "a\n\n",
    "trim": "{% if true %}\nx\n{% endif %}\ny", "lstrip": "a\n   {% if true %}\n  b\n   {% endif %}\nc",
    "lstrip not before a print": "a\n   {{ 1 }}\nb", "minus": "a  \n {%- if true -%} \n b {{- 1 -}} \n c {%- endif %}\nd",
    "plus": "a\n  {%+ if true +%}\nb{% endif %}", "comment lines": "a\n  {# c #}\nb\n{#- d -#}\n e", "lstrip at the start": "  {% set a = 1 %}\n  {{ a }}",
    "tabs": "x\n\t {% set a = 1 %}y", "after a tag in the line": "{% set a = 1 %}  {% set b = 2 %}z", "crlf": "a\r\n{% if 1 %}\r\nb\r\n{% endif %}c\r\n",
    "raw": "{% raw %}{{ a }}{% endraw %}!", "nested braces": "{{ {'a': {'b': 1}} }}", "mark in a string": "{{ '%} }}' }}",
    "escapes": r"{{ 'a\n\t\\\'\"\x41\u00e9\q' }}", "adjacent strings": "{{ 'a' 'b' \"c\" }}",
    "numbers": "{{ 1 + 2 * 3 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 1.5 + 1 }} {{ 4 / 2 }}",
    "floats": "{{ 1e3 if false else 0.1 }} {{ 10.0 }} {{ 1.0 / 3 }} {{ 100000.0 * 1000000000000.0 }} {{ 0.00001 }}",
    "precedence": "{{ 'a' + 'b' | upper }} {{ not true or true }} {{ (1 + 1) ~ 2 }} {{ 2 * 3 == 6 and not 1 > 2 }} {{ -2 ** 2 }}",
    "chained": "{{ 1 < 2 < 3 }} {{ 1 < 2 > 3 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' < 'b' }} {{ [1] == [1.0] }}",
    "in": "{{ 'a' in 'abc' }} {{ 1 in [1, 2] }} {{ 'k' in {'k': 1} }} {{ 3 not in [1, 2] }} {{ not 3 in [3] }}",
    "or and": "{{ '' or 'x' }} {{ 'a' and 'b' }} {{ none or 0 }} {{ [] or {} }}",
    "if expression": "{{ 'a' if true }}{{ 'b' if false }}{{ 'c' if false else 'd' if false else 'e' }}",
    "values": "{{ none }} {{ true }} {{ [1, 'a', none, 2.5] }} {{ {'a': [1]} }} {{ (1, 2)[0] }} {{ \"it's\" }} {{ [\"it's\", 'q\"', 'n\\n'] }} {{ missing }}",
    "slices": "{{ [1,2,3,4][1:] }}{{ [1,2,3,4][:-1] }}{{ [1,2,3,4][::-1] }}{{ [1,2,3,4][::2] }}{{ [1,2,3][-2] }}{{ 'abcd'[1:3] }}{{ '😀bc'[0] }}{{ 'abc'[::-1] }}{{ [1,2,3][5:] }}{{ [1,2,3][-10:2] }}{{ [1,2,3][2:0:-1] }}",
    "lookup": "{{ d.a }}{{ d['a'] }}{{ d.items is defined }}{{ d.nothing is defined }}{{ d.get('x', 3) }}{{ d.get('a') }}{{ l.0 }}{{ l[0] }}{{ none.x is defined }}",
    "methods": "{{ ' a '.strip() }}|{{ 'xaxx'.strip('x') }}|{{ ' a'.lstrip() }}|{{ 'a\\n'.rstrip('\\n') }}|{{ 'a,b,,c'.split(',') }}|{{ ' a  b '.split() }}|{{ 'a b c'.split(' ', 1) }}|{{ 'a.b.c'.rsplit('.', 1) }}|{{ 'abc'.startswith('ab') }}|{{ 'abc'.endswith(('x', 'c')) }}|{{ 'aXbX'.replace('X', '-') }}|{{ 'aXbX'.replace('X', '', 1) }}|{{ 'hello wORLD'.title() }}|{{ 'hELLO'.capitalize() }}|{{ 'abc'.find('c') }}|{{ ', '.join(['a', 'b']) }}|{{ 'ab'.upper().lower() }}|{{ 'a\\nb'.splitlines() }}|{{ 'banana'.count('an') }}",
    "dict methods": "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}{{ d.keys() | list }}{{ d.values() | list }}",
    "strip unicode": "[{{ '\\u00a0\\u2003x\\u0085'.strip() }}]",
    "filters": "{{ ' a ' | trim }}|{{ [1, 2] | length }}|{{ 'é😀' | length }}|{{ [3, 1, 2] | sort }}|{{ [1, 2] | first }}{{ [1, 2] | last }}|{{ 'a' | default('b') }}{{ missing | default('b') }}{{ '' | d('e', true) }}|{{ ['b', 'a'] | join('-') }}|{{ '3' | int + 1 }}|{{ 'x' | int(7) }}|{{ '2.5' | float }}|{{ 5 | string ~ 'x' }}|{{ 'abc' | reverse }}|{{ [1, 2, 1] | unique | list }}|{{ 'a b' | replace(' ', '_') }}|{{ -3 | abs }}|{{ 2.567 | round(2) }}|{{ [1, 2] | sum }}|{{ [2, 5] | max }}{{ [2, 5] | min }}|{{ 'abc' | upper }}|{{ {'b': 1, 'a': 2} | dictsort | map('first') | list }}|{{ ({'b': 1} | items | list)[0][1] }}|{{ 'ab' | list }}",
    "map and select": "{{ m | map(attribute='role') | join(',') }}|{{ m | selectattr('role', 'equalto', 'user') | map(attribute='content') | list }}|{{ m | rejectattr('role', '==', 'user') | list | length }}|{{ [1, 2, 3] | select('odd') | list }}|{{ [0, 1, ''] | reject | list | length }}|{{ ['a'] | map('upper') | list }}|{{ m | selectattr('tool') | list }}",
    "indent": "{{ 'a\\n\\nb' | indent }}|{{ 'a\\nb' | indent(2, true) }}",
    "tojson": "{{ d | tojson }}|{{ d | tojson(indent=2) }}|{{ [] | tojson }}{{ {} | tojson(indent=4) }}|{{ 'é\"<&\\n\\u0001' | tojson }}|{{ [1.0, true, none, [1, [2]]] | tojson(indent=1) }}",
    "tests": "{{ 'a' is string }}{{ 1 is string }}{{ d is mapping }}{{ l is iterable }}{{ 1 is iterable }}{{ none is none }}{{ 1 is not none }}{{ missing is not defined }}{{ 3 is odd }}{{ 4 is divisibleby 2 }}{{ true is boolean }}{{ true is number }}{{ 1 is integer }}{{ 1.0 is float }}{{ 'a' is in ['a'] }}{{ 1 is eq 1 }}{{ l is sequence }}{{ false is false }}{{ 1 is true }}{{ missing is none }}",
    "loop": "{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('o', 'e') }};{% endfor %}",
    "loop else and filter": "{% for x in [] %}a{% else %}none{% endfor %}{% for x in l if x > 1 %}{{ loop.index }}:{{ x }} {% endfor %}{% for x in missing %}x{% else %}e{% endfor %}",
    "break and continue": "{% for x in l %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% if x == 3 %}{% break %}{% endif %}{% endfor %}!",
    "scopes": "{% set x = 1 %}{% for i in l %}{% set x = i %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 9 %}{% endif %}{{ x }}",
    "namespace": "{% set ns = namespace(n=0, s='') %}{% for i in l %}{% set ns.n = ns.n + i %}{% set ns.s = ns.s ~ i %}{% endfor %}{{ ns.n }}{{ ns.s }}{{ ns.x is defined }}",
    "set": "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c %} x {{ a }}{% endset %}[{{ c }}]{% set d = (1, 2) %}{{ d[1] }}",
    "unpack": "{% for a, b in [(1, 2), [3, 4]] %}{{ a }}{{ b }};{% endfor %}",
    "macro": "{% macro f(a, b='x') %}<{{ a }}{{ b }}>{% endmacro %}{{ f(1) }}{{ f(1, b=2) }}{{ f(b=3, a=4) | upper }}",
    "recursive macro": "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
    "range": "{{ range(3) | list }}{{ range(1, 7, 2) | list }}{{ range(3, 0, -1) | list }}{% for i in range(2) %}{{ i }}{% endfor %}",
    "elif": "{% if false %}a{% elif none %}b{% elif 'x' %}c{% else %}d{% endif %}",
    "strftime": "{{ strftime_now('%d %b %Y, %A %H:%M:%S %%') }}", "dict": "{{ dict(a=1, b='c') }}",
    "undefined in text": "[{{ missing }}{{ d.x }}{{ l[9] }}]{{ missing == missing }}",
    "concatenation of kinds": "{{ 'a' ~ 1 ~ none ~ true }}", "repeat": "{{ 'ab' * 3 }}", "lists": "{{ [1] + [2] }}",
}
FAILING = {
    "add a string and a number": "{{ 'a' + 1 }}", "look into nothing": "{{ missing.x }}", "no such filter": "{{ 1 | uper }}",
    "no such test": "{{ 1 is strin }}", "open tag": "{% if true %}", "open print": "{{ 1", "raise": "{{ raise_exception('told you') }}",
    "unknown tag": "{% sett a = 1 %}", "call of no function": "{{ 'a'() }}", "too many ends": "{% endif %}", "add to nothing": "{{ 'a' + missing }}",
}
VALUES = dict(d={"a": 1, "b": "é"}, l=[1, 2, 3], m=turns("q", "a"), messages=[])


def rendered(template, messages, **variables):
    texts, spans = chat_template_utils.render_jinja_template(
        conversations=[messages], chat_template=template, return_assistant_tokens_mask="{% generation" in template,
        **variables)
    return texts[0], [list(s) for s in spans[0]] if spans else []


def case(template, messages, **variables):
    # transformers renders an absent variable as None, and so does the fixture.
    out = dict(messages=messages, variables={k: v for k, v in variables.items() if k not in ("bos_token", "eos_token")})
    try:
        out["text"], out["generated"] = rendered(template, messages, **variables)
    except Exception as e:
        out["error"] = str(e).splitlines()[0]
    return out


def models():
    out = {}
    for name, (bos, eos) in TOKENS.items():
        template = (FOLDER / f"{name}.jinja").read_text(encoding="utf-8")
        special = dict(eos_token=eos) | (dict(bos_token=bos) if bos else {})
        cases = []
        for title, messages in CONVERSATIONS.items():
            for prompt in (False, True):
                cases.append(dict(title=title, **case(template, messages, add_generation_prompt=prompt, **special)))
        more = dict(add_generation_prompt=True, **special)
        cases.append(dict(title="date", **case(template, turns("Hi"), date_string="1 Jan 2030", **more)))
        cases.append(dict(title="no thinking", **case(template, turns("Hi"), enable_thinking=False, **more)))
        called = turns("Weather?") + [
            dict(role="assistant", content="", tool_calls=[dict(type="function", id="abcdefghi", function=dict(
                name="weather", arguments=dict(city="Köln", days=2)))]),
            dict(role="tool", name="weather", tool_call_id="abcdefghi", content="{\"rain\": true}"), dict(role="assistant", content="Rain.")]
        cases.append(dict(title="tools offered", **case(template, turns("Weather?"), tools=[TOOL], **more)))
        cases.append(dict(title="tool called", **case(template, called, tools=[TOOL], **more)))
        for title, (messages, variables) in MEANS.get(name, {}).items():
            cases.append(dict(title=title, **case(template, messages, **variables, **more)))
        out[name] = dict(special=special, cases=cases)
    return out


def language():
    out = []
    for title, template in {**LANGUAGE, **FAILING}.items():
        one = dict(title=title, template=template, variables={k: v for k, v in VALUES.items() if k != "messages"})
        try:
            one["text"] = chat_template_utils._compile_jinja_template(template).render(**VALUES)
        except Exception as e:
            one["error"] = str(e).splitlines()[0]
        assert ("error" in one) == (title in FAILING), one
        out.append(one)
    return out


def main():
    for name, content in (("models.json", models()), ("language.json", dict(cases=language()))):
        (FOLDER / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(FOLDER.relative_to(ROOT), sum(f.stat().st_size for f in FOLDER.iterdir()), "bytes")


if __name__ == "__main__":
    sys.exit(main())

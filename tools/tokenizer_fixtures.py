"""Four kinds of small tokenizers, with ids and texts computed by transformers."""
import json
import pathlib
import shutil
import sys

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "llm/src/test/resources/fixtures/text"
VOCABULARY = 700

CORPUS = [
    "The quick brown fox jumps over the lazy dog, and the dog does not mind at all.",
    "A tokenizer splits a text into pieces; each piece has a number, and the numbers are what a model reads.",
    "When a model answers a question, it writes one token after the other until it writes the one that ends the text.",
    "user assistant system You are a helpful assistant. What is the capital of France? The capital of France is Paris.",
    "Low-rank matrices change what a large model says while its own weights stay as they are.",
    "In 2024 there were 365.25 days, or 12 months, or 52 weeks; 1, 2, 3, 10, 100 and 1000 are numbers.",
    "def add(a, b):\n    return a + b\n\nprint(add(1, 2))\n",
    "Grüße aus Zürich, où l'été est déjà fini; ¿qué tal? Привет, мир. 你好，世界。",
] * 4

TEXTS = [
    "", " ", "a", "The quick brown fox", " leading and trailing ", "two  spaces\n\n\tand tabs", "numbers 1234567 and 3.14",
    "it's we'll I'M", "Grüße, où? Привет 你好", "smile 😀 family 👨‍👩‍👧 flag 🇫🇷", "e\u0301 combining", "\r\nwindows\r\n",
    "what <unk> is </s> this <|im_end|> or <|eot_id|>", "def f(x):\n\treturn x\n", "zzzzqqqq ΩΩΩ ∑", "x" * 300,
]

LLAMA3_SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
                r"|\s+(?!\S)|\s+")


def byte_level(special, pre_tokenizer):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False))
    return tokenizer


def gpt2():
    special = ["<|endoftext|>"]
    tokenizer = byte_level(special, pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer, dict(bos_token=special[0], eos_token=special[0], unk_token=special[0]), None


def smollm2():
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = byte_level(special, pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]))
    return tokenizer, dict(bos_token=special[1], eos_token=special[2], pad_token=special[2]), None


def llama3():
    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    tokenizer = byte_level(special, pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3_SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]))
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(f"{special[0]} $A", special_tokens=[(special[0], 0)])])
    generation = dict(bos_token_id=0, eos_token_id=[tokenizer.token_to_id(t) for t in (special[1], special[4])])
    return tokenizer, dict(bos_token=special[0], eos_token=special[4]), generation


def llama2():
    """A SentencePiece model as converted by transformers, with byte fallback."""
    special = ["<unk>", "<s>", "</s>"]
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.train_from_iterator(CORPUS[:7], trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=special + [f"<0x{b:02X}>" for b in range(256)], show_progress=False))
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = state["added_tokens"][:3]
    state["pre_tokenizer"] = None
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    bos = dict(content="<s>", lstrip=False, normalized=False, rstrip=False, single_word=False)
    return tokenizer, dict(bos_token=bos, eos_token=dict(bos, content="</s>"), unk_token="<unk>"), None


def write(folder, name, content):
    (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main():
    for build in (gpt2, smollm2, llama3, llama2):
        folder = FOLDER / build.__name__
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        tokenizer, special, generation = build()
        tokenizer.save(str(folder / "tokenizer.json"))
        config = dict(special, tokenizer_class="PreTrainedTokenizerFast", clean_up_tokenization_spaces=False)
        if build is llama2:  # older checkpoints list them in a separate file
            write(folder, "special_tokens_map.json", special)
            for token in special:
                config.pop(token)
        write(folder, "tokenizer_config.json", config)
        if generation:
            write(folder, "generation_config.json", generation)
        peer = PreTrainedTokenizerFast.from_pretrained(folder)
        if build is llama2:
            peer.bos_token, peer.eos_token = "<s>", "</s>"
        cases = []
        for text in TEXTS:
            ids = peer(text)["input_ids"]
            cases.append(dict(text=text, ids=ids, plain=peer(text, add_special_tokens=False)["input_ids"],
                              decoded=peer.decode(ids), skipped=peer.decode(ids, skip_special_tokens=True)))
        write(folder, "expected.json", dict(
            vocabulary=len(peer), bos=peer.bos_token_id, eos=peer.eos_token_id, pad=peer.pad_token_id, cases=cases))
        print(folder.relative_to(ROOT), sum(f.stat().st_size for f in folder.iterdir()), "bytes")


if __name__ == "__main__":
    sys.exit(main())

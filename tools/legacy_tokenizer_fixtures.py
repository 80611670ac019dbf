"""Tokenizers without a tokenizer.json, and with tokens beside it; ids and texts computed by transformers.

    python tools/legacy_tokenizer_fixtures.py [NAME...]

Needs sentencepiece and protobuf beside tools/requirements.txt.
"""
import json
import pathlib
import shutil
import sys
import tempfile

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer

from tokenizer_fixtures import CORPUS, FOLDER, ROOT, TEXTS, write

MORE = ["a <SEP> b", "<sep><ctl> x", "ﬁne ½ Ｗide", "<extra> and<extra>more"]


def sentence_piece(folder, config, **options):
    import sentencepiece
    with tempfile.TemporaryDirectory() as place:
        corpus = pathlib.Path(place) / "corpus.txt"
        corpus.write_text("\n".join(line.replace("\n", " ") for line in CORPUS), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            input=str(corpus), model_prefix=f"{place}/m", minloglevel=2, character_coverage=1.0,
            user_defined_symbols=["<sep>"], control_symbols=["<ctl>"], **options)
        shutil.copy(f"{place}/m.model", folder / "tokenizer.model")
    write(folder, "config.json", dict(model_type="llama"))
    write(folder, "tokenizer_config.json", config)


BPE = dict(model_type="bpe", vocab_size=480, byte_fallback=True, normalization_rule_name="identity",
           remove_extra_whitespaces=False, allow_whitespace_only_pieces=True, split_digits=True)
SPECIAL = dict(bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def spm_llama(folder):
    sentence_piece(folder, dict(SPECIAL, tokenizer_class="LlamaTokenizer"), **BPE)


def spm_bpe(folder):
    sentence_piece(folder, SPECIAL, **BPE)


def spm_unigram(folder):
    sentence_piece(folder, SPECIAL, model_type="unigram", vocab_size=150, normalization_rule_name="nmt_nfkc")


def bpe_files(folder, cls, model_type):
    state = json.loads((FOLDER / "gpt2/tokenizer.json").read_text(encoding="utf-8"))["model"]
    write(folder, "vocab.json", state["vocab"])
    merges = "\n".join(" ".join(pair) for pair in state["merges"])
    (folder / "merges.txt").write_text("#version: 0.2\n" + merges + "\n", encoding="utf-8")
    write(folder, "config.json", dict(model_type=model_type))
    write(folder, "tokenizer_config.json", dict(tokenizer_class=cls, eos_token="<|endoftext|>"))


def vocab_gpt2(folder):
    bpe_files(folder, "GPT2Tokenizer", "gpt2")


def vocab_qwen2(folder):
    bpe_files(folder, "Qwen2Tokenizer", "qwen2")
    size = len(json.loads((folder / "vocab.json").read_text(encoding="utf-8")))
    write(folder, "added_tokens.json", {"<SEP>": size})


def word_pieces(folder, model_type, config):
    cased = not config.get("do_lower_case", True)
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=not cased)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(CORPUS, trainers.WordPieceTrainer(
        vocab_size=300, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False))
    words = sorted(tokenizer.get_vocab().items(), key=lambda word: word[1])
    (folder / "vocab.txt").write_text("".join(word + "\n" for word, _ in words), encoding="utf-8")
    write(folder, "config.json", dict(model_type=model_type))
    write(folder, "tokenizer_config.json", config)


def vocab_bert(folder):
    word_pieces(folder, "bert", dict(tokenizer_class="BertTokenizer", do_lower_case=True))


def vocab_bert_cased(folder):
    word_pieces(folder, "distilbert", dict(tokenizer_class="DistilBertTokenizer", do_lower_case=False,
                                           tokenize_chinese_chars=False))


def added_beside(folder):
    shutil.copy(FOLDER / "gpt2/tokenizer.json", folder)
    size = len(json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"])
    token = dict(content="<extra>", lstrip=True, normalized=False, rstrip=False, single_word=False, special=False)
    write(folder, "tokenizer_config.json", dict(
        tokenizer_class="PreTrainedTokenizerFast", eos_token="<|endoftext|>",
        added_tokens_decoder={str(size): dict(token, content="<SEP>", lstrip=False, special=True),
                              str(size + 1): token}))


# Settings of tokenizer_config.json that change which tokens there are, and which ones surround a text.
AROUND = [
    ("spm_llama", dict(SPECIAL, tokenizer_class="LlamaTokenizer", add_bos_token=True)),
    ("spm_llama", dict(SPECIAL, tokenizer_class="LlamaTokenizer", add_bos_token=True, add_eos_token=True)),
    ("spm_unigram", dict(SPECIAL, add_eos_token=True)),
    ("vocab_gpt2", dict(tokenizer_class="GPT2Tokenizer", eos_token="<|endoftext|>", add_bos_token=True)),
    ("vocab_gpt2", dict(tokenizer_class="GPT2Tokenizer", eos_token="<|endoftext|>", bos_token="<|start|>",
                        pad_token="<|pad|>", add_bos_token=True, additional_special_tokens=["<x>"])),
    ("vocab_qwen2", dict(tokenizer_class="Qwen2Tokenizer", eos_token="<|endoftext|>", pad_token="<|pad|>",
                         additional_special_tokens=["<x>"], add_bos_token=True)),
]


def around():
    results = []
    for folder, config in AROUND:
        with tempfile.TemporaryDirectory() as place:
            for file in (FOLDER / folder).iterdir():
                if file.name in ("tokenizer.model", "vocab.json", "merges.txt", "config.json"):
                    shutil.copy(file, place)
            write(pathlib.Path(place), "tokenizer_config.json", config)
            peer = AutoTokenizer.from_pretrained(place)
            texts = ["A fox runs.", "a <x> b<|pad|>", "<|start|>x"]
            results.append(dict(folder=folder, config=config, vocabulary=len(peer),
                                cases=[dict(text=text, ids=peer(text)["input_ids"]) for text in texts]))
    write(FOLDER, "legacy_special.json", dict(settings=results))


def main():
    builds = (spm_llama, spm_bpe, spm_unigram, vocab_gpt2, vocab_qwen2, vocab_bert, vocab_bert_cased, added_beside)
    wanted = [build for build in builds if not sys.argv[1:] or build.__name__ in sys.argv[1:]]
    for build in wanted:
        folder = FOLDER / build.__name__
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        build(folder)
        peer = AutoTokenizer.from_pretrained(folder)
        cases = []
        for text in TEXTS + MORE:
            ids = peer(text, add_special_tokens=False)["input_ids"]
            cases.append(dict(text=text, ids=ids, decoded=peer.decode(ids, clean_up_tokenization_spaces=False)))
        write(folder, "expected.json", dict(vocabulary=len(peer), cases=cases))
        print(folder.relative_to(ROOT), sum(f.stat().st_size for f in folder.iterdir()), "bytes")
    if len(wanted) == len(builds):
        around()


if __name__ == "__main__":
    sys.exit(main())

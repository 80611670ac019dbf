"""Small encoders with sentence-transformers' pooling, and rerankers; with adapters and the peers' results.

    python tools/encoder_embedding_fixtures.py

`bert` embeds by the mean of all tokens, normalised, with prompts and a maximum length; `xlmr` by the first token; `dense` has two layers after the pooling. `cross`
is a cross-encoder; `qwen3` answers "yes" or "no" as Qwen3-Reranker does, and `qwen3/head` gives it a head of one output.
"""
import json
import shutil

from fixture_io import ROOT, differs, finish, load, save, seed
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (AutoModel, AutoModelForCausalLM, AutoModelForSequenceClassification, BertConfig,
                          PreTrainedTokenizerFast, Qwen3Config, XLMRobertaConfig)

import minilm
from tokenizer_fixtures import CORPUS

EMBEDDING = ROOT / "llm/src/test/resources/fixtures/embedding"
RERANKING = ROOT / "llm/src/test/resources/fixtures/reranking"
CHAT_TOKENIZER = ROOT / "llm/src/test/resources/fixtures/text/smollm2"
SIZES = dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40)
TEXTS = ["What is the capital of France?", "a", "", "Low-rank matrices change what a large model says.",
         "Grüße aus Zürich", " ".join(["The quick brown fox jumps over the lazy dog."] * 4), "The lazy dog"]
QUERY = "Where does the quick fox jump?"
DOCUMENTS = ["over the lazy dog", "Paris is the capital of France.", "a",
             " ".join(["A tokenizer splits a text into pieces;"] * 6), "The quick brown fox"]
TOLERANCE = 1e-5


def word_piece():
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(CORPUS, trainers.WordPieceTrainer(
        vocab_size=220, special_tokens=special, show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", model_input_names=["input_ids", "token_type_ids", "attention_mask"])


def unigram():
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.train_from_iterator(CORPUS, trainers.UnigramTrainer(
        vocab_size=200, special_tokens=special, unk_token="<unk>", show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=68, pad_token="<pad>", unk_token="<unk>", cls_token="<s>", sep_token="</s>",
        bos_token="<s>", eos_token="</s>")


def yes_no():
    """The tokenizer of the chat fixtures, with the tokens of Qwen3-Reranker's prompt and answers."""
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(CHAT_TOKENIZER / "tokenizer.json"))
    tokenizer.pad_token = "<|im_end|>"
    tokenizer.add_tokens(["yes", "no", "<think>", "</think>"])
    return tokenizer


def randomize(model, std=0.3):
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            norm = "norm" in name.lower() and name.endswith("weight")
            torch.nn.init.normal_(parameter, 1.0 if norm else 0.0, 0.1 if norm else std)


def write_adapter(model, folder, name, number, **options):
    torch.manual_seed(number)
    adapted = get_peft_model(model, LoraConfig(r=number, lora_alpha=4, **options))
    randomize(adapted)
    adapted.save_pretrained(folder / name)
    (folder / name / "README.md").unlink(missing_ok=True)
    config = folder / name / "adapter_config.json"
    kept = json.loads(config.read_text())
    kept.update(base_model_name_or_path=None, target_modules=sorted(kept["target_modules"]))
    config.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


# ---- embeddings ----

EMBEDDERS = {
    "bert": (lambda size: BertConfig(vocab_size=size, max_position_embeddings=64, pad_token_id=0, **SIZES), word_piece,
             "mean", True, dict(prompts={"query": "What is ", "document": ""}, default_prompt_name=None), 16),
    "dense": (lambda size: BertConfig(vocab_size=size, max_position_embeddings=64, pad_token_id=0, **SIZES), word_piece,
              "cls", True, dict(prompts={"query": "the "}, default_prompt_name=None), None),
    "xlmr": (lambda size: XLMRobertaConfig(vocab_size=size, max_position_embeddings=70, pad_token_id=1,
                                           type_vocab_size=1, **SIZES), unigram,
             "cls", False, dict(prompts={"query": "a ", "passage": "the "}, default_prompt_name="passage"), None),
}


def layers(name):
    """Returns the layers after the pooling; those of `dense` have a bias, an activation, or neither."""
    if name != "dense":
        return []
    made = [Dense(SIZES["hidden_size"], 10), Dense(10, 12, bias=False, activation_function=torch.nn.Identity())]
    for layer in made:
        randomize(layer)
    return made


def write_embedder(name):
    config, tokenizer, pooling, normalized, prompts, length = EMBEDDERS[name]
    folder = EMBEDDING / name
    shutil.rmtree(folder, ignore_errors=True)
    seed("encoder-embedding-" + name)
    tokens = tokenizer()
    model = AutoModel.from_config(config(len(tokens)))
    randomize(model)
    model.save_pretrained(folder)
    tokens.save_pretrained(folder)
    modules = [Transformer(str(folder), max_seq_length=length), Pooling(SIZES["hidden_size"], pooling_mode=pooling)]
    SentenceTransformer(modules=modules + layers(name) + ([Normalize()] if normalized else []), device="cpu",
                        **prompts).save(str(folder))
    (folder / "README.md").unlink(missing_ok=True)
    if length:  # as all-MiniLM-L6-v2 has it
        (folder / "sentence_bert_config.json").write_text(
            json.dumps(dict(max_seq_length=length, do_lower_case=False), indent=2) + "\n")
    targets = dict(task_type="FEATURE_EXTRACTION")
    write_adapter(AutoModel.from_pretrained(folder), folder, "adapter", 3, target_modules=["query", "value"], **targets)
    write_adapter(AutoModel.from_pretrained(folder), folder, "adapter2", 2, target_modules=["key", "output.dense"],
                  **targets)
    save(folder / "expected.safetensors", embeddings(folder), {"texts": TEXTS})
    return folder


def embeddings(folder):
    model = SentenceTransformer(str(folder), device="cpu")
    results = {"embeddings": model.encode(TEXTS, convert_to_tensor=True),
               "query": model.encode(TEXTS, prompt_name="query", convert_to_tensor=True)}
    for adapter in ("adapter", "adapter2"):
        model = SentenceTransformer(str(folder), device="cpu")
        model[0].auto_model = PeftModel.from_pretrained(model[0].auto_model, folder / adapter).eval()
        results[adapter] = model.encode(TEXTS, convert_to_tensor=True)
    return results


# ---- rerankers ----

def write_cross():
    folder = RERANKING / "cross"
    shutil.rmtree(folder, ignore_errors=True)
    seed("reranking-cross")
    tokens = word_piece()
    tokens.model_max_length = 24
    model = AutoModelForSequenceClassification.from_config(BertConfig(
        vocab_size=len(tokens), max_position_embeddings=64, pad_token_id=0, num_labels=1, **SIZES))
    randomize(model)
    model.save_pretrained(folder)
    tokens.save_pretrained(folder)
    for number, adapter in ((3, "adapter"), (2, "adapter2")):
        write_adapter(AutoModelForSequenceClassification.from_pretrained(folder), folder, adapter, number,
                      target_modules=["query", "value"], task_type="SEQ_CLS")
    save(folder / "expected.safetensors", cross_scores(folder), {"query": QUERY, "documents": DOCUMENTS})
    return folder


def cross_scores(folder):
    pairs = [(QUERY, document) for document in DOCUMENTS]
    results = {"scores": CrossEncoder(str(folder), device="cpu").predict(pairs, convert_to_tensor=True)}
    for adapter in ("adapter", "adapter2"):
        model = CrossEncoder(str(folder), device="cpu")
        model[0].auto_model = PeftModel.from_pretrained(model[0].auto_model, folder / adapter).eval()
        results[adapter] = model.predict(pairs, convert_to_tensor=True)
    return results


def write_yes_no():
    folder = RERANKING / "qwen3"
    shutil.rmtree(folder, ignore_errors=True)
    seed("reranking-qwen3")
    tokens = yes_no()
    model = AutoModelForCausalLM.from_config(Qwen3Config(
        vocab_size=len(tokens), num_key_value_heads=1, head_dim=8, max_position_embeddings=1024,
        tie_word_embeddings=True, **SIZES))
    randomize(model, 0.2)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    tokens.save_pretrained(folder)
    save(folder / "expected.safetensors", yes_no_scores(folder), {"query": QUERY, "documents": DOCUMENTS})
    write_head(folder)
    return folder


def headed(folder):
    return AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1)


def write_head(folder):
    """Writes an adapter with a head of one output on the decoder, and the scores of pairs."""
    write_adapter(headed(folder), folder, "head", 3, target_modules=["q_proj", "v_proj"], task_type="SEQ_CLS")
    save(folder / "head/expected.safetensors", head_scores(folder), {"query": QUERY, "documents": DOCUMENTS})


def head_scores(folder):
    tokens = PreTrainedTokenizerFast.from_pretrained(folder)
    model = PeftModel.from_pretrained(headed(folder), folder / "head").eval()
    with torch.no_grad():
        rows = [model(input_ids=torch.tensor([tokens(QUERY, one)["input_ids"]])).logits[0, 0] for one in DOCUMENTS]
    return {"scores": torch.stack(rows).sigmoid()}


def yes_no_scores(folder):
    """Computes the scores as the model card of Qwen3-Reranker-0.6B does."""
    tokens = PreTrainedTokenizerFast.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    before = ("<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct"
              " provided. Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n")
    after = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    scores = []
    for document in DOCUMENTS:
        body = ("<Instruct>: Given a web search query, retrieve relevant passages that answer the query\n"
                f"<Query>: {QUERY}\n<Document>: {document}")
        ids = [i for part in (before, body, after) for i in tokens(part, add_special_tokens=False)["input_ids"]]
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0, -1]
        answers = logits[[tokens.convert_tokens_to_ids("no"), tokens.convert_tokens_to_ids("yes")]]
        scores.append(answers.softmax(0)[1])
    return {"scores": torch.stack(scores)}


def write_minilm():
    """Embeds sentences with the real model of tools/minilm.py."""
    model = SentenceTransformer(str(minilm.default_folder() / minilm.NAME), device="cpu")
    texts = TEXTS + ["An octopus has three hearts.", "Der Vertrag endet am 31. Dezember.", "email: a.b@c.org!!",
                     " ".join(["Rows of a batch differ in length."] * 60)]
    save(EMBEDDING / "minilm.safetensors", {"embeddings": model.encode(texts, convert_to_tensor=True)}, {"texts": texts})


def wrong_in(folder, results):
    stored, _ = load(folder / "expected.safetensors")
    again = results(folder)
    return [line for key in stored for line in differs(f"{folder.name}: {key}", stored[key], again[key], TOLERANCE)]


if __name__ == "__main__":
    wrong = [line for name in EMBEDDERS for line in wrong_in(write_embedder(name), embeddings)]
    write_minilm()
    wrong += wrong_in(write_cross(), cross_scores) + wrong_in(write_yes_no(), yes_no_scores)
    wrong += wrong_in(RERANKING / "qwen3/head", lambda head: head_scores(head.parent))
    finish(ROOT / "llm/src/test/resources/fixtures", wrong)

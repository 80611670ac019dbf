"""A tiny classifier with PEFT's adapter, and what sentence-transformers, PyTorch and scikit-learn compute.

    python tools/task_fixtures.py

`tiny` is a small BERT with a WordPiece tokenizer, an adapter by PEFT with a head, logits of texts and pairs, and the loss
with its gradients. `decoder` is an adapter of LlamaForSequenceClassification on the fixture llm/llama3. `losses` holds
embeddings with the losses of sentence-transformers and their gradients, and logits with PyTorch's. `metrics.json` holds
predictions with the metrics of scikit-learn and SciPy.
"""
import json
import shutil

from fixture_io import ROOT, differs, finish, load, prefixed, save, seed

import numpy
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from scipy.stats import pearsonr, spearmanr
from sentence_transformers.sentence_transformer import losses
from sklearn import metrics
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch.nn import functional
from transformers import AutoModelForSequenceClassification, BertConfig, BertModel, PreTrainedTokenizerFast
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
FOLDER = ROOT / "llm/src/test/resources/fixtures/task"
DECODER = ROOT / "llm/src/test/resources/fixtures/llm/llama3"
TOLERANCE = 1e-5
WORDS = """the a my your is was it not and to of in on for card parcel order invoice refund charged twice late lost
broken arrived never account password login reset locked pay payment money bank box courier address door street help
please want need how can when where why good bad very again today yesterday week i you we they""".split()
PIECES = ["##s", "##ed", "##ing", "##er", "un", "re"] + [chr(c) for c in range(97, 123)] \
    + ["##" + chr(c) for c in range(97, 123)] + list(".,?!'0123456789")
TEXTS = ["my card was charged twice", "the parcel never arrived", "I can not reset my password!", "", "refunds"]
PAIRS = [["where is my parcel", "the courier lost it"], ["pay the invoice", "the bank is closed today, try again"]]
LABELS = [0, 1, 2, 1, 0, 1, 0]


def randomize(model, std):
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            norm = "norm" in name.lower() and name.endswith("weight")
            torch.nn.init.normal_(parameter, 1.0 if norm else 0.0, 0.1 if norm else std)


def tokenizer():
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys(special + WORDS + PIECES))}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])])
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]",
                                   sep_token="[SEP]", mask_token="[MASK]", model_max_length=48,
                                   model_input_names=["input_ids", "token_type_ids", "attention_mask"])


def clean(adapter):
    (adapter / "README.md").unlink(missing_ok=True)
    config = adapter / "adapter_config.json"
    kept = json.loads(config.read_text())
    kept.update(base_model_name_or_path=None, target_modules=sorted(kept["target_modules"]))
    config.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


def inputs(texts):
    """Tokenizes texts and pairs, each alone, so that no result depends on padding."""
    return [texts(t, return_tensors="pt") for t in TEXTS] + [texts(*p, return_tensors="pt") for p in PAIRS]


def write_tiny(folder):
    shutil.rmtree(folder, ignore_errors=True)
    seed("task-tiny")
    texts = tokenizer()
    config = BertConfig(vocab_size=len(texts), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                        intermediate_size=48, max_position_embeddings=48, hidden_dropout_prob=0.0,
                        attention_probs_dropout_prob=0.0)
    model = BertModel(config)
    randomize(model, 0.25)
    model.save_pretrained(folder)
    texts.save_pretrained(folder)
    peft = get_peft_model(AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3),
                          LoraConfig(r=3, lora_alpha=6, target_modules=["query", "value"], task_type="SEQ_CLS"))
    randomize(peft, 0.3)
    peft.save_pretrained(folder / "adapter")
    clean(folder / "adapter")


def tiny(folder):
    base = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3)
    peft = PeftModel.from_pretrained(base, folder / "adapter", is_trainable=True).eval()
    texts = PreTrainedTokenizerFast.from_pretrained(folder)
    rows = inputs(texts)
    logits = torch.cat([peft(**row).logits for row in rows])
    loss = functional.cross_entropy(logits, torch.tensor(LABELS))
    loss.backward()
    grads = {key.replace("base_model.model.", "").replace(".modules_to_save.default", "").replace(".default", ""): p.grad
             for key, p in peft.named_parameters() if p.grad is not None}
    out = {"logits": logits.detach(), "loss": loss.detach().reshape(1), **prefixed("grad.", grads)}
    for i, row in enumerate(rows):
        out[f"ids.{i}"], out[f"types.{i}"] = row["input_ids"][0], row["token_type_ids"][0]
    return out


def write_decoder(folder):
    shutil.rmtree(folder, ignore_errors=True)
    seed("task-decoder")
    peft = get_peft_model(AutoModelForSequenceClassification.from_pretrained(DECODER, num_labels=3),
                          LoraConfig(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"], task_type="SEQ_CLS"))
    randomize(peft, 0.3)
    peft.save_pretrained(folder / "adapter")
    clean(folder / "adapter")


def decoder(folder):
    base = AutoModelForSequenceClassification.from_pretrained(DECODER, num_labels=3)
    peft = PeftModel.from_pretrained(base, folder / "adapter").eval()
    seed("task-decoder-ids")
    rows = [torch.randint(3, base.config.vocab_size, (1, n)) for n in (5, 1, 9, 5)]
    with torch.no_grad():
        logits = torch.cat([peft(input_ids=row).logits for row in rows])
    return {"logits": logits, **{f"ids.{i}": row[0] for i, row in enumerate(rows)}}


class Vectors(torch.nn.Module):
    """Stands for a SentenceTransformer: returns the embeddings that it was given."""

    def forward(self, features):
        return features


def with_gradient(function, *tensors):
    leaves = [t.clone().requires_grad_() for t in tensors]
    loss = function(*leaves)
    loss.backward()
    return loss.detach().reshape(1), [leaf.grad for leaf in leaves]


def loss_values():
    seed("task-losses")
    a, p, n = (torch.randn(5, 6) for _ in range(3))
    scores, out = torch.tensor([1.0, 0.2, -0.5, 0.0, 0.7]), {}
    model = Vectors()

    def through(loss, labels=None):
        return lambda *vectors: loss([{"sentence_embedding": v} for v in vectors], labels)

    cases = {
        "contrastive": (through(losses.MultipleNegativesRankingLoss(model, scale=20.0)), (a, p)),
        "negatives": (through(losses.MultipleNegativesRankingLoss(model, scale=10.0)), (a, p, n)),
        "triplet": (through(losses.TripletLoss(model, triplet_margin=5.0)), (a, p, n)),
        "cosine": (through(losses.CosineSimilarityLoss(model), scores), (a, p)),
    }
    for name, (function, vectors) in cases.items():
        loss, grads = with_gradient(function, *vectors)
        out[f"{name}.loss"] = loss
        out.update({f"{name}.vectors": torch.stack(vectors, 1), f"{name}.grads": torch.stack(grads, 1)})
    out["cosine.scores"] = scores
    logits, targets = torch.randn(6, 4), torch.tensor([0, 3, 3, 1, 2, 0])
    weights = torch.tensor([0.5, 2.0, 1.0, 3.0])
    loss, grads = with_gradient(lambda z: functional.cross_entropy(z, targets, weight=weights), logits)
    out.update({"weighted.loss": loss, "weighted.logits": logits, "weighted.targets": targets, "weighted.weights": weights,
                "weighted.grads": grads[0]})
    flags = (torch.rand(6, 4) > 0.5).float()
    loss, grads = with_gradient(lambda z: functional.binary_cross_entropy_with_logits(z, flags), logits)
    out.update({"binary.loss": loss, "binary.targets": flags, "binary.grads": grads[0]})
    return out


def metric_values():
    random = numpy.random.default_rng(7)
    targets = random.integers(0, 4, 60)
    logits = random.normal(size=(60, 5)) + 1.5 * numpy.eye(5)[targets]
    probabilities = numpy.exp(logits) / numpy.exp(logits).sum(1, keepdims=True)
    predicted = probabilities.argmax(1)
    names = list(range(5))
    p, r, f, s = metrics.precision_recall_fscore_support(targets, predicted, labels=names, zero_division=0)
    flags, given = random.random((40, 3)) > 0.6, random.random((40, 3))
    x, y = numpy.round(random.normal(size=30), 1), numpy.round(random.normal(size=30), 1)
    scores, relevance = random.normal(size=(5, 14)), random.integers(0, 4, (5, 14)).astype(float)
    return {
        "targets": targets.tolist(), "probabilities": probabilities.tolist(),
        "accuracy": metrics.accuracy_score(targets, predicted),
        "macro_f1": metrics.f1_score(targets, predicted, average="macro"),
        "nll": metrics.log_loss(targets, probabilities, labels=names),
        "precision": p.tolist(), "recall": r.tolist(), "f1": f.tolist(), "support": s.tolist(),
        "confusion": metrics.confusion_matrix(targets, predicted, labels=names).tolist(),
        "flags": flags.tolist(), "given": given.tolist(),
        "micro_f1_of_labels": metrics.f1_score(flags, given > 0.5, average="micro"),
        "macro_f1_of_labels": metrics.f1_score(flags, given > 0.5, average="macro"),
        "subset_accuracy": metrics.accuracy_score(flags, given > 0.5),
        "x": x.tolist(), "y": y.tolist(), "spearman": float(spearmanr(x, y)[0]), "pearson": float(pearsonr(x, y)[0]),
        "scores": scores.tolist(), "relevance": relevance.tolist(),
        "ndcg": float(metrics.ndcg_score(relevance, scores, k=10)),
    }


def wrong(folder, again):
    stored, _ = load(folder)
    return [line for key in again for line in differs(f"{folder.name}: {key}", stored[key], again[key], TOLERANCE)]


if __name__ == "__main__":
    problems = []
    for name, make, compute in (("tiny", write_tiny, tiny), ("decoder", write_decoder, decoder)):
        make(FOLDER / name)
        save(FOLDER / name / "expected.safetensors", compute(FOLDER / name),
             {"texts": TEXTS, "pairs": PAIRS, "labels": LABELS} if name == "tiny" else {})
        problems += wrong(FOLDER / name / "expected.safetensors", compute(FOLDER / name))
    save(FOLDER / "losses.safetensors", loss_values(), {})
    problems += wrong(FOLDER / "losses.safetensors", loss_values())
    (FOLDER / "metrics.json").write_text(json.dumps(metric_values()) + "\n")
    finish(FOLDER, problems)

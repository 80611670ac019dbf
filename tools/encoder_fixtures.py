"""Small random encoders of each family, with results of transformers and PEFT.

    python tools/encoder_fixtures.py

Writes a checkpoint with a classification head, a LoRA adapter, hidden states and logits of a padded batch, and the
adapter's gradients. Then reloads and recomputes everything from the files.
"""
import json
import shutil

from fixture_io import ROOT, differs, finish, load, prefixed, save, seed

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (AutoModelForSequenceClassification, AutoModelForTokenClassification, BertConfig,
                          DistilBertConfig, ModernBertConfig, RobertaConfig, XLMRobertaConfig)
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
FOLDER = ROOT / "llm/src/test/resources/fixtures/encoder"
TOLERANCE = 1e-5
BERT = dict(vocab_size=90, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
            max_position_embeddings=30, layer_norm_eps=1e-3)
ROPE = {"full_attention": dict(rope_type="default", rope_theta=300.0),
        "sliding_attention": dict(rope_type="default", rope_theta=20.0)}
MODERN = dict(vocab_size=90, hidden_size=24, num_hidden_layers=4, num_attention_heads=3, intermediate_size=20,
              max_position_embeddings=100, norm_eps=1e-3, local_attention=8, pad_token_id=5, cls_token_id=1,
              sep_token_id=2, bos_token_id=1, eos_token_id=2)


class Case:
    def __init__(self, config, head, targets, tokens=20, old_style=False):
        self.config, self.head, self.targets, self.tokens, self.old_style = config, head, targets, tokens, old_style

    def model(self, source):
        is_path = hasattr(source, "exists")
        return self.head.from_pretrained(source) if is_path else self.head.from_config(source)


SEQUENCE, TOKEN = AutoModelForSequenceClassification, AutoModelForTokenClassification
CASES = {
    "bert": Case(BertConfig(**BERT, hidden_act="gelu_new", type_vocab_size=3, pad_token_id=7, num_labels=3), SEQUENCE,
                 ["query", "value", "dense"]),
    "roberta": Case(RobertaConfig(**BERT, hidden_act="relu", type_vocab_size=1, pad_token_id=4, num_labels=2), SEQUENCE,
                    ["query", "key", "word_embeddings"]),
    "xlm-roberta": Case(XLMRobertaConfig(**BERT, hidden_act="gelu", type_vocab_size=1, pad_token_id=2, num_labels=4),
                        TOKEN, ["value", "output.dense"]),
    "distilbert": Case(DistilBertConfig(vocab_size=90, dim=24, n_layers=2, n_heads=3, hidden_dim=40,
                                        max_position_embeddings=30, activation="silu", pad_token_id=3, num_labels=1),
                       SEQUENCE, ["q_lin", "v_lin", "lin1", "lin2"]),
    "modernbert": Case(ModernBertConfig(
        **MODERN, layer_types=["sliding_attention", "full_attention", "sliding_attention", "full_attention"],
        rope_parameters=ROPE, norm_bias=True, attention_bias=True, mlp_bias=True, classifier_bias=True,
        classifier_pooling="mean", classifier_activation="silu", hidden_activation="gelu_pytorch_tanh", num_labels=3),
        SEQUENCE, ["Wqkv", "Wo", "Wi"], tokens=80),
    "modernbert-token": Case(ModernBertConfig(**MODERN, rope_parameters=ROPE, num_labels=4), TOKEN, ["Wqkv"],
                             tokens=40, old_style=True),
}


def randomize(model, std):
    """Moves parameters far enough from their initial values for every part of the model to matter."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            norm = "norm" in name.lower() and name.endswith("weight")
            torch.nn.init.normal_(parameter, 1.0 if norm else 0.0, 0.1 if norm else std)


def old_style(path):
    """Writes ModernBERT's config with the keys of transformers 4."""
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config.pop("layer_types")
    config.update(global_rope_theta=rope["full_attention"]["rope_theta"],
                  local_rope_theta=rope["sliding_attention"]["rope_theta"], global_attn_every_n_layers=3)
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def inputs(case):
    """Returns a batch of texts of different lengths; one holds the padding token itself."""
    config, rows = case.config, case.tokens
    pad = config.pad_token_id
    ids = torch.randint(8, config.vocab_size, (4, rows))
    lengths = [rows - 3, 2, rows, rows - 3]
    ids[2, 5] = pad
    mask = torch.tensor([[1] * n + [0] * (rows - n) for n in lengths])
    ids = torch.where(mask == 1, ids, torch.full_like(ids, pad))
    batch = {"input_ids": ids, "attention_mask": mask}
    if getattr(config, "type_vocab_size", 0) > 1:
        batch["token_type_ids"] = torch.randint(0, config.type_vocab_size, ids.shape) * mask
    return batch


def base_of(model):
    return getattr(model, model.base_model_prefix)


def outputs(model, batch):
    mask = batch["attention_mask"]
    with torch.no_grad():
        hidden = base_of(model)(**batch).last_hidden_state * mask.unsqueeze(-1)
        logits = model(**batch).logits
    return {"hidden": hidden, "logits": logits * mask.unsqueeze(-1) if logits.dim() == 3 else logits}


def adapted(model, batch, weights):
    """Returns the logits with the adapter, and the gradients of their weighted sum."""
    logits = model(**batch).logits
    if logits.dim() == 3:
        logits = logits * batch["attention_mask"].unsqueeze(-1)
    (logits * weights).sum().backward()
    grads = {key.replace(".default", ""): p.grad for key, p in model.named_parameters() if p.grad is not None}
    lora = {key: grad for key, grad in grads.items() if "lora_" in key}
    return {"adapted_logits": logits.detach(), **prefixed("grad.", lora)}


def write(name):
    case, folder = CASES[name], FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    seed("encoder-" + name)
    model = case.model(case.config).eval()
    randomize(model, 0.3)
    model.save_pretrained(folder)
    if case.old_style:
        old_style(folder / "config.json")
    task = "SEQ_CLS" if case.head is SEQUENCE else "TOKEN_CLS"
    peft = get_peft_model(model, LoraConfig(r=3, lora_alpha=5, target_modules=case.targets, task_type=task))
    randomize(peft, 0.2)
    peft.save_pretrained(folder / "adapter")
    (folder / "adapter/README.md").unlink(missing_ok=True)
    config = folder / "adapter/adapter_config.json"
    kept = json.loads(config.read_text())
    kept.update(base_model_name_or_path=None, target_modules=sorted(kept["target_modules"]))
    config.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
    batch = inputs(case)
    base = case.model(folder).eval()
    expected = {**batch, **outputs(base, batch)}
    expected["loss_weights"] = torch.randn_like(expected["logits"])
    reloaded = PeftModel.from_pretrained(base, folder / "adapter", is_trainable=True).eval()
    expected.update(adapted(reloaded, batch, expected["loss_weights"]))
    save(folder / "expected.safetensors", expected, {})
    return folder


def wrong_in(folder):
    stored, _ = load(folder / "expected.safetensors")
    case = CASES[folder.name]
    batch = {key: stored[key] for key in ("input_ids", "attention_mask", "token_type_ids") if key in stored}
    base = case.model(folder).eval()
    again = outputs(base, batch)
    again.update(adapted(PeftModel.from_pretrained(base, folder / "adapter", is_trainable=True).eval(), batch,
                         stored["loss_weights"]))
    return [line for key in again for line in differs(f"{folder.name}: {key}", stored[key], again[key], TOLERANCE)]


if __name__ == "__main__":
    finish(FOLDER, [line for name in CASES for line in wrong_in(write(name))])

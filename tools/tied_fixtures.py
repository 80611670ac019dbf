"""Adapters with PEFT's ensure_weight_tying on bases whose output head is the input embedding.

    python tools/tied_fixtures.py

Writes adapters of LoRA targets and of saved modules for the bases of llm_fixtures.py, with PEFT's logits and the sum of
the gradients that it gives to the two views of each tied matrix. Then reloads and recomputes them from the files.
"""
import json
import shutil

from fixture_io import ROOT, differs, finish, load, save, seed
from llm_fixtures import TOLERANCE, TOKENS, VOCAB, loss_of, randomize

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

BASES = ROOT / "llm/src/test/resources/fixtures/llm"
FOLDER = ROOT / "llm/src/test/resources/fixtures/tied"
CASES = {
    "qwen2-embedding": dict(target_modules=["embed_tokens", "q_proj"]),
    "llama3-head": dict(target_modules=["lm_head", "q_proj"]),
    "granite-both": dict(target_modules=["lm_head", "embed_tokens"]),
    "gpt2-embedding": dict(target_modules=["wte", "c_attn"], fan_in_fan_out=True),
    "gpt2-head": dict(target_modules=["lm_head", "c_attn"], fan_in_fan_out=True),
    "gpt2-saved": dict(target_modules=["c_attn"], modules_to_save=["wte"], fan_in_fan_out=True),
    "qwen2-saved": dict(target_modules=["q_proj"], modules_to_save=["embed_tokens"]),
    "llama3-saved": dict(target_modules=["q_proj"], modules_to_save=["lm_head", "embed_tokens"]),
}


FORGOTTEN = ["gpt2-head"]  # PEFT writes the target as transformer.wte, which it does not tie when it loads it again


def base(name):
    return AutoModelForCausalLM.from_pretrained(BASES / name.split("-")[0], dtype=torch.float32).eval()


def reloaded(name):
    return PeftModel.from_pretrained(base(name), FOLDER / name, is_trainable=True)


def results(model, tokens):
    """Computes the logits and the tied gradients of a model in evaluation mode."""
    model.eval()
    logits = model(tokens).logits
    loss_of(logits, tokens).backward()
    out = {"tokens": tokens, "logits": logits.detach()}
    embedding = model.get_base_model().get_input_embeddings()
    head = model.get_base_model().get_output_embeddings()
    if hasattr(embedding, "lora_embedding_A") and hasattr(head, "lora_A"):
        out["grad.A"] = embedding.lora_embedding_A["default"].grad + head.lora_B["default"].weight.grad.t()
        out["grad.B"] = embedding.lora_embedding_B["default"].grad + head.lora_A["default"].weight.grad.t()
    return out


def write(name, options):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    seed(name)
    lora = LoraConfig(r=2, lora_alpha=4, ensure_weight_tying=True, task_type="CAUSAL_LM", **options)
    adapted = get_peft_model(base(name), lora)
    randomize(adapted, 0.2)
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    file = folder / "adapter_config.json"
    kept = json.loads(file.read_text())
    kept["base_model_name_or_path"] = None
    kept["target_modules"] = sorted(kept["target_modules"])
    file.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
    save(folder / "expected.safetensors", results(adapted, torch.randint(3, VOCAB, (2, TOKENS))), {"case": name})


def main():
    wrong = []
    for name, options in CASES.items():
        write(name, options)
        stored, _ = load(FOLDER / name / "expected.safetensors")
        if name in FORGOTTEN:
            continue
        again = results(reloaded(name), stored["tokens"])
        for key in stored:
            wrong += differs(f"{name}: {key}", stored[key], again[key], TOLERANCE)
    finish(FOLDER, wrong)


if __name__ == "__main__":
    main()

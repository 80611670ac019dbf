"""Adapters on the experts of the small Qwen3-MoE of llm_fixtures.py, in the layouts of transformers 4 and 5.

    python tools/moe_fixtures.py

Writes `stacked`, an adapter of PEFT on the experts' parameters, with its logits and gradients, and `separate`, one with
A and B for each expert, with the logits that PEFT computes after it has converted it.
"""
import json
import shutil

from fixture_io import ROOT, differs, finish, load, prefixed, save, seed

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from transformers import AutoModelForCausalLM
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
FIXTURES = ROOT / "llm/src/test/resources/fixtures"
BASE, FOLDER = FIXTURES / "llm/qwen3_moe", FIXTURES / "moe"
TOLERANCE = 1e-5


def base():
    return AutoModelForCausalLM.from_pretrained(BASE, attn_implementation="sdpa", dtype=torch.float32).eval()


def tokens():
    return load(BASE / "expected.safetensors")[0]["tokens"]


def loss_of(logits, ids):
    return torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())


def said(folder):
    model = PeftModel.from_pretrained(base(), folder, is_trainable=True).eval()
    ids = tokens()
    logits = model(ids).logits
    out = {"adapted_logits": logits.detach()}
    if folder.name == "stacked":
        loss_of(logits, ids).backward()
        state = get_peft_model_state_dict(model, {n: p.grad for n, p in model.named_parameters() if p.grad is not None})
        out.update(prefixed("grad.", dict(sorted(state.items()))))
    return out


def tidy(folder):
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    config["base_model_name_or_path"] = None
    for key in ("target_modules", "target_parameters"):
        if not isinstance(config[key], str):
            config[key] = sorted(config[key] or []) or None
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def stacked():
    folder = FOLDER / "stacked"
    seed("stacked")
    config = LoraConfig(r=2, lora_alpha=3, target_modules=["q_proj"], task_type="CAUSAL_LM",
                        target_parameters=["mlp.experts.gate_up_proj", "mlp.experts.down_proj"],
                        rank_pattern={r".*\.down_proj": 3})
    model = get_peft_model(base(), config)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, 0, 0.2)
    model.save_pretrained(folder)
    tidy(folder)
    return folder


def separate():
    folder = FOLDER / "separate"
    seed("separate")
    config = LoraConfig(r=2, lora_alpha=3, lora_dropout=0.0, task_type="CAUSAL_LM",
                        target_modules=r".*(q_proj|experts\..*_proj)")
    hidden, inner, tensors = 16, 12, {}
    prefix = "base_model.model.model.layers."
    for layer in range(3):
        path = f"{prefix}{layer}.self_attn.q_proj"
        tensors |= {f"{path}.lora_A.weight": torch.randn(2, hidden) * 0.2,
                    f"{path}.lora_B.weight": torch.randn(16, 2) * 0.2}
        if layer == 1:
            continue  # which has no experts
        for expert in range(5):
            for name, (rows, columns) in dict(gate_proj=(inner, hidden), up_proj=(inner, hidden),
                                              down_proj=(hidden, inner)).items():
                path = f"{prefix}{layer}.mlp.experts.{expert}.{name}"
                tensors |= {f"{path}.lora_A.weight": torch.randn(2, columns) * 0.2,
                            f"{path}.lora_B.weight": torch.randn(rows, 2) * 0.2}
    folder.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(folder)
    tidy(folder)
    save(folder / "adapter_model.safetensors", tensors, {"format": "pt"})
    return folder


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    wrong = []
    for folder in (stacked(), separate()):
        path = folder / "expected.safetensors"
        save(path, said(folder), {})
        stored, again = load(path)[0], said(folder)
        for key in stored.keys() | again.keys():
            wrong += differs(f"{folder.name}: {key}", stored[key], again[key], TOLERANCE)
    finish(FOLDER, wrong)


if __name__ == "__main__":
    main()

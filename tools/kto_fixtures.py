"""KTO losses and gradients of the small language models that llm_fixtures.py made, computed by TRL.

    python tools/kto_fixtures.py

Six labelled completions; the policy is the model with its adapter, the reference the model without. TRL's collator
makes the batches and its KTOTrainer._compute_loss the loss, with a stand-in for the trainer's own set-up; gradients are
autograd's. Batches of 6 and of 3, since the KL estimate is one number for each batch. Everything is computed twice.
"""
from collections import defaultdict
from types import SimpleNamespace

from fixture_io import ROOT, differs, finish, load, prefixed, save, seed

import torch
from peft import PeftModel, get_peft_model_state_dict
from transformers import AutoModelForCausalLM
from transformers.utils import logging
from trl import KTOTrainer
from trl.trainer.kto_trainer import DataCollatorForUnpairedPreference

logging.set_verbosity_error()
logging.disable_progress_bar()
FOLDER = ROOT / "llm/src/test/resources/fixtures/llm"
FAMILIES, VOCAB, BETA, DESIRABLE, UNDESIRABLE, TOLERANCE = ["llama3", "gpt2", "gemma2"], 96, 0.3, 1.25, 0.75, 1e-5
LENGTHS = [(4, 9, 1), (3, 5, 0), (7, 12, 1), (2, 4, 1), (5, 11, 0), (2, 9, 0)]  # prompt, with completion, label
BATCHES = [6, 3]


def completions():
    out = {}
    for i, (prompt, length, label) in enumerate(LENGTHS):
        out[f"example{i}"] = torch.randint(3, VOCAB, (length,))
        out[f"example{i}.loss"] = (torch.arange(length) >= prompt).long()
        out[f"example{i}.label"] = torch.tensor([label])
    return out


def trainer(model):
    """What _compute_loss reads of a trainer."""
    accelerator = SimpleNamespace(device="cpu", gather_for_metrics=lambda x: x, unwrap_model=lambda x: x)
    args = SimpleNamespace(gradient_checkpointing_kwargs=None)
    made = SimpleNamespace(
        model=model, ref_model=None, accelerator=accelerator, args=args, calculate_KL=True, aux_loss_enabled=False,
        use_liger_kernel=False, precompute_ref_logps=False, loss_type="kto", beta=BETA, desirable_weight=DESIRABLE,
        undesirable_weight=UNDESIRABLE, _total_train_tokens=0, _tp_size=1, _is_vlm=False,
        _metrics={"train": defaultdict(list), "eval": defaultdict(list)})
    made._compute_kl_logps = lambda *args: KTOTrainer._compute_kl_logps(made, *args)
    return made


def batch(examples, made):
    rows = []
    for i in examples:
        tokens, prompt = made[f"example{i}"].tolist(), LENGTHS[i][0]
        rows.append(dict(prompt_ids=tokens[:prompt], completion_ids=tokens[prompt:], label=bool(LENGTHS[i][2])))
    answers = [row["completion_ids"] for row in rows]
    for row, other in zip(rows, [answers[-1]] + answers[:-1]):  # as KTOTrainer._prepare_dataset
        row["KL_completion_ids"] = other
    return DataCollatorForUnpairedPreference(pad_token_id=0)(rows)


def computed(folder, examples):
    attention = "eager" if folder.name == "gemma2" else "sdpa"  # which ignores the soft cap
    base = AutoModelForCausalLM.from_pretrained(folder, attn_implementation=attention, dtype=torch.float32)
    model = PeftModel.from_pretrained(base, folder / "adapter", is_trainable=True).eval()
    out = dict(examples)
    for size in BATCHES:
        model.zero_grad()
        run = trainer(model)
        losses = []
        for begin in range(0, len(LENGTHS), size):
            inputs = batch(range(begin, begin + size), examples)
            losses.append(KTOTrainer._compute_loss(run, model, inputs, False))
        loss = torch.stack(losses).mean()
        loss.backward()
        found = {"loss": loss.reshape(1)}
        for name in ("kl", "rewards/chosen", "rewards/rejected"):
            found[name] = torch.tensor(run._metrics["eval"][name], dtype=torch.float32)
        gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
        found.update(prefixed("grad.", dict(sorted(get_peft_model_state_dict(model, gradients).items()))))
        out.update(prefixed(f"batch{size}.", found))
    return out


def main():
    wrong = []
    for family in FAMILIES:
        seed("kto-" + family)
        examples = completions()
        path = FOLDER / family / "labelled.safetensors"
        out = computed(FOLDER / family, examples)
        print(family, {k: v.tolist() for k, v in out.items() if "kl" in k or "loss" in k and "batch" in k})
        save(path, out, {"family": family, "beta": str(BETA)})
        written, _ = load(path)
        again = computed(FOLDER / family, {k: v for k, v in written.items() if k.startswith("example")})
        for key, tensor in written.items():
            wrong += differs(f"{family}: {key}", tensor, again[key], TOLERANCE)
    finish(FOLDER, wrong)


if __name__ == "__main__":
    main()

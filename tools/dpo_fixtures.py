"""DPO fixtures on the small language models of llm_fixtures.py.

    python tools/dpo_fixtures.py

Four pairs of answers; the policy is the model with its adapter, the reference the model without. The loss is the
formula of Rafailov et al. 2023, eq. 7, written out; its gradients are autograd's. Finally, everything is
recomputed from the files.
"""
from fixture_io import ROOT, differs, finish, load, prefixed, save, seed

import torch
from peft import PeftModel, get_peft_model_state_dict
from transformers import AutoModelForCausalLM
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
FOLDER = ROOT / "llm/src/test/resources/fixtures/llm"
FAMILIES, VOCAB, BETA, TOLERANCE = ["llama3", "gpt2", "gemma2"], 96, 0.3, 1e-5
LENGTHS = [(4, 9, 6), (3, 5, 11), (7, 12, 10), (2, 4, 5)]  # prompt, prompt and chosen, prompt and rejected


def answers():
    out = {}
    for i, (prompt, chosen, rejected) in enumerate(LENGTHS):
        shared = torch.randint(3, VOCAB, (prompt,))
        for name, length in ("chosen", chosen), ("rejected", rejected):
            out[f"pair{i}.{name}"] = torch.cat([shared, torch.randint(3, VOCAB, (length - prompt,))])
            out[f"pair{i}.{name}.loss"] = (torch.arange(length) >= prompt).long()
    return out


def log_probability(model, tokens, carries_loss):
    logits = model(tokens[None]).logits[0, :-1]
    of_tokens = logits.log_softmax(-1).gather(1, tokens[1:, None])[:, 0]
    return (of_tokens * carries_loss[1:]).sum()


def said(folder, pairs):
    attention = "eager" if folder.name == "gemma2" else "sdpa"  # which ignores the soft cap
    base = AutoModelForCausalLM.from_pretrained(folder, attn_implementation=attention, dtype=torch.float32)
    model = PeftModel.from_pretrained(base, folder / "adapter", is_trainable=True).eval()
    losses = []
    for i in range(len(LENGTHS)):
        texts = [(pairs[f"pair{i}.{name}"], pairs[f"pair{i}.{name}.loss"]) for name in ("chosen", "rejected")]
        chosen, rejected = (log_probability(model, *text) for text in texts)
        with torch.no_grad(), model.disable_adapter():
            chosen_before, rejected_before = (log_probability(model, *text) for text in texts)
        z = BETA * ((chosen - chosen_before) - (rejected - rejected_before))
        losses.append(-torch.nn.functional.logsigmoid(z))
    out = {**pairs, "losses": torch.stack(losses)}
    out["losses"].mean().backward()
    state = get_peft_model_state_dict(model, {n: p.grad for n, p in model.named_parameters() if p.grad is not None})
    out.update(prefixed("grad.", dict(sorted(state.items()))))
    return out


def main():
    wrong = []
    for family in FAMILIES:
        seed("dpo-" + family)
        pairs = answers()
        path = FOLDER / family / "preferences.safetensors"
        save(path, said(FOLDER / family, pairs), {"family": family, "beta": str(BETA)})
        written, _ = load(path)
        again = said(FOLDER / family, {k: v for k, v in written.items() if k.startswith("pair")})
        for key, tensor in written.items():
            wrong += differs(f"{family}: {key}", tensor, again[key], TOLERANCE)
    finish(FOLDER, wrong)


if __name__ == "__main__":
    main()

"""Fine-tunes a model directory on prompts and completions, or on conversations, with TRL's SFTTrainer and PEFT.

Uses TRL's defaults except for shared settings: rank, batch size, learning rate, number of steps, no checkpoints and no
reports. In conversations only the assistant's answers contribute to the loss. Prints one JSON line: examples per second
over all steps, peak resident memory, and the mean loss per loss token on the validation examples.
"""
import argparse
import json
import resource
import time

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer

arguments = argparse.ArgumentParser()
arguments.add_argument("--model", required=True)
arguments.add_argument("--data", required=True)
arguments.add_argument("--valid", required=True)
arguments.add_argument("--out", required=True)
for name, value in dict(steps=20, batch=8, rank=8, threads=2, max_tokens=1024).items():
    arguments.add_argument("--" + name.replace("_", "-"), type=int, default=value)
arguments.add_argument("--lr", type=float, default=2e-4)
a = arguments.parse_args()
torch.set_num_threads(a.threads)


class Clock(TrainerCallback):
    """Records the start of the first step and the end of each step."""

    def __init__(self):
        self.begin = None
        self.ends = []

    def on_step_begin(self, args, state, control, **kwargs):
        self.begin = self.begin or time.perf_counter()

    def on_step_end(self, args, state, control, **kwargs):
        self.ends.append(time.perf_counter())


def rows(path):
    with open(path, encoding="utf-8") as lines:
        return Dataset.from_list([json.loads(line) for line in lines])


def marked(template):
    """Returns a ChatML template that marks the assistant's text, including its end token, and renders the same text."""
    if "{% generation %}" in template:
        return template
    plain = "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
    lines = plain.replace("\\n", "\n")  # as tokenizer_config.json may hold it
    for found in (plain, lines):
        if found in template:
            return template.replace(
                found,
                "{{ '<|im_start|>' + message['role'] + '\\n' }}{% if message['role'] == 'assistant' %}"
                "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}{% else %}"
                "{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '\\n' }}")
    raise SystemExit("the chat template does not say what the assistant wrote; expected ChatML's or {% generation %}")


clock = Clock()
train = rows(a.data)
tokenizer = AutoTokenizer.from_pretrained(a.model)
conversations = "messages" in train.column_names
if conversations:
    tokenizer.chat_template = marked(tokenizer.chat_template)
trainer = SFTTrainer(
    model=AutoModelForCausalLM.from_pretrained(a.model, dtype=torch.float32),
    processing_class=tokenizer,
    train_dataset=train,
    eval_dataset=rows(a.valid),
    peft_config=LoraConfig(r=a.rank, lora_alpha=2 * a.rank, target_modules="all-linear", task_type="CAUSAL_LM"),
    callbacks=[clock],
    args=SFTConfig(
        output_dir=a.out, max_steps=a.steps, per_device_train_batch_size=a.batch, per_device_eval_batch_size=a.batch,
        learning_rate=a.lr, max_length=a.max_tokens, save_strategy="no", report_to="none", logging_steps=1000,
        assistant_only_loss=conversations, use_cpu=True, bf16=False, disable_tqdm=True))
before = trainer.evaluate()["eval_loss"]
trainer.train()
seconds = clock.ends[-1] - clock.begin
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps(dict(
    examples_per_s=len(clock.ends) * a.batch / seconds, valid_loss_before=before,
    valid_loss_after=trainer.evaluate()["eval_loss"], peak_rss_mb=peak)))

"""Small decoder models with sentence-transformers' pooling, a PEFT adapter each, and their embeddings.

    pip install sentence-transformers==6.2.0

`last` pools the last token and normalises, as Qwen3-Embedding does; `mean` pools the mean of all tokens.
"""
import json
import shutil

from fixture_io import ROOT, differs, finish, load, save, seed
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from transformers import AutoModel, LlamaConfig, PreTrainedTokenizerFast, Qwen3Config

FOLDER = ROOT / "llm/src/test/resources/fixtures/embedding"
TOKENIZER = ROOT / "llm/src/test/resources/fixtures/text/smollm2"
SIZES = dict(vocab_size=548, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, head_dim=8, max_position_embeddings=128, tie_word_embeddings=True)
CONFIGS = {"last": Qwen3Config(**SIZES), "mean": LlamaConfig(**SIZES)}
MODES = {"last": "lasttoken", "mean": "mean"}
TEXTS = ["What is the capital of China?", "Explain gravity", "a", " ".join(["Rows of a batch differ in length."] * 4)]
TOLERANCE = 1e-5


def randomize(model):
    for parameter in model.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.3)


def opened(folder):
    return SentenceTransformer(str(folder), device="cpu")


def embeddings(folder):
    """Returns the embeddings of the base and of the adapted model, one text at a time."""
    model = opened(folder)
    plain = torch.stack([model.encode(text, convert_to_tensor=True) for text in TEXTS])
    model[0].auto_model = PeftModel.from_pretrained(model[0].auto_model, folder / "adapter").eval()
    adapted = torch.stack([model.encode(text, convert_to_tensor=True) for text in TEXTS])
    return {"embeddings": plain, "adapted": adapted}


def write_backbone(name, folder):
    model = AutoModel.from_config(CONFIGS[name])
    randomize(model)
    model.save_pretrained(folder)
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(TOKENIZER / "tokenizer.json"))
    tokenizer.pad_token = "<|im_end|>"
    tokenizer.padding_side = "left"
    tokenizer.save_pretrained(folder)


def write_adapter(folder):
    torch.manual_seed(3)
    lora = LoraConfig(r=2, lora_alpha=4, target_modules="all-linear", task_type="FEATURE_EXTRACTION")
    adapted = get_peft_model(AutoModel.from_pretrained(folder), lora)
    randomize(adapted)
    adapted.save_pretrained(folder / "adapter")
    (folder / "adapter/README.md").unlink(missing_ok=True)
    config = folder / "adapter/adapter_config.json"
    kept = json.loads(config.read_text())
    kept["base_model_name_or_path"] = None
    kept["target_modules"] = sorted(kept["target_modules"])
    config.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


def write(name):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    seed("embedding-" + name)
    write_backbone(name, folder)
    transformer = Transformer(str(folder))
    modules = [transformer, Pooling(SIZES["hidden_size"], pooling_mode=MODES[name])]
    SentenceTransformer(modules=modules + ([Normalize()] if name == "last" else []), device="cpu").save(str(folder))
    (folder / "README.md").unlink(missing_ok=True)
    write_adapter(folder)
    save(folder / "expected.safetensors", embeddings(folder), {"texts": TEXTS})
    return folder


def wrong_in(folder):
    stored, _ = load(folder / "expected.safetensors")
    again = embeddings(folder)
    return [line for key in stored for line in differs(f"{folder.name}: {key}", stored[key], again[key], TOLERANCE)]


if __name__ == "__main__":
    finish(FOLDER, [line for name in CONFIGS for line in wrong_in(write(name))])

package dev.lora4j.models.gguf;

/** The tokens that mean something by themselves, as both sides name them. */
enum SpecialToken {
  BOS("bos_token", "bos_token_id"),
  EOS("eos_token", "eos_token_id"),
  UNK("unk_token", "unknown_token_id"),
  SEP("sep_token", "seperator_token_id"), // spelt so in the format
  PAD("pad_token", "padding_token_id");

  private final String text;
  private final String key;

  SpecialToken(String text, String key) {
    this.text = text;
    this.key = key;
  }

  /** The name of its text in tokenizer_config.json. */
  String textName() {
    return text;
  }

  /** The name of its id in config.json. */
  String idName() {
    return text + "_id";
  }

  /** The key of its id in a GGUF file's metadata. */
  String key() {
    return "tokenizer.ggml." + key;
  }
}

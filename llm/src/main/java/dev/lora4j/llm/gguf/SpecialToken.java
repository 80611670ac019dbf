package dev.lora4j.llm.gguf;

/** The special tokens, with their names in Hugging Face's files and in GGUF. */
enum SpecialToken {
  BOS("bos_token", "bos_token_id"),
  EOS("eos_token", "eos_token_id"),
  UNK("unk_token", "unknown_token_id"),
  SEP("sep_token", "seperator_token_id"), // spelled this way in the format
  PAD("pad_token", "padding_token_id");

  private final String text;
  private final String key;

  SpecialToken(String text, String key) {
    this.text = text;
    this.key = key;
  }

  /** Returns its field in tokenizer_config.json. */
  String textName() {
    return text;
  }

  /** Returns the field of its id in config.json. */
  String idName() {
    return text + "_id";
  }

  String key() {
    return "tokenizer.ggml." + key;
  }
}

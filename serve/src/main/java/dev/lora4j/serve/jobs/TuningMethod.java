package dev.lora4j.serve.jobs;

import java.util.Locale;

/** The method of a fine-tuning job. */
public enum TuningMethod {
  /** Learns the answers of the assistant. */
  SUPERVISED,
  /** Direct preference optimisation: learns to prefer one answer to another. */
  DPO;

  /** The name in OpenAI's API. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  static TuningMethod of(String word) {
    return valueOf(word.toUpperCase(Locale.ROOT));
  }
}

package dev.lora4j.llm.model.llama;

/** Constant factors of a Llama's relatives: of embeddings, rotations and residual branches. */
record Multipliers(double embedding, double rotations, double residual) {
  static final Multipliers NONE = new Multipliers(1, 1, 1);
}

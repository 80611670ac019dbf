package dev.lora4j.llm.model.llama;

/**
 * Constant factors of a Llama's relatives.
 *
 * @param embedding factor of the embeddings
 * @param rotations factor of the rotations of queries and keys
 * @param residual factor of each branch before it is added to the residual stream
 */
record Multipliers(double embedding, double rotations, double residual) {
  static final Multipliers NONE = new Multipliers(1, 1, 1);
}

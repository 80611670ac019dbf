package dev.lora4j.llm.plan;

/**
 * A tensor of a base model, as the rules of quantisation see it.
 *
 * @param name its name in a Hugging Face checkpoint
 * @param rows the outputs of a layer, the entries of an embedding; 1 for a vector
 * @param columns the inputs of a layer, the width of an embedding
 */
record PlannedTensor(String name, Role role, long rows, long columns) {

  enum Role {
    /** The weight of a linear layer in a decoder block. */
    LAYER,
    TOKEN_EMBEDDING,
    /** The token embedding of a model whose head shares it (weight tying). */
    TIED_EMBEDDING,
    HEAD,
    /** Norms, biases, position embeddings. */
    OTHER
  }

  long elements() {
    return rows * columns;
  }
}

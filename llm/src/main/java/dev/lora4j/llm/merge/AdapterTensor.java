package dev.lora4j.llm.merge;

/** The meaning of a tensor's key in an adapter, without PEFT's prefix. */
final class AdapterTensor {
  private static final String WRAPPED = ".base_layer";

  private AdapterTensor() {}

  /** The role of a tensor, by the end of its key. */
  enum Part {
    A(".lora_A.weight"),
    B(".lora_B.weight"),
    BIAS_OF_B(".lora_B.bias"),
    EMBEDDING_A(".lora_embedding_A"),
    EMBEDDING_B(".lora_embedding_B"),
    MAGNITUDE(".lora_magnitude_vector"),
    TOKENS(".token_adapter.trainable_tokens_delta"),
    BIAS(".base_layer.bias"),
    /** A replaced parameter; its key is the parameter's own. */
    WHOLE("");

    private final String suffix;

    Part(String suffix) {
      this.suffix = suffix;
    }

    boolean isFactor() {
      return this == A || this == B || isOfEmbedding();
    }

    boolean isOfEmbedding() {
      return this == EMBEDDING_A || this == EMBEDDING_B;
    }

    boolean isA() {
      return this == A || this == EMBEDDING_A;
    }

    boolean isB() {
      return this == B || this == EMBEDDING_B;
    }
  }

  static Part part(String key) {
    for (Part part : Part.values()) {
      if (key.endsWith(part.suffix)) {
        return part; // WHOLE is the last and matches every key
      }
    }
    return Part.WHOLE;
  }

  /** Returns the path of the module that the tensor belongs to. */
  static String path(String key) {
    Part part = part(key);
    String path =
        part == Part.WHOLE
            ? key.substring(0, Math.max(0, key.lastIndexOf('.')))
            : key.substring(0, key.length() - part.suffix.length());
    while (path.endsWith(WRAPPED)) {
      path = path.substring(0, path.length() - WRAPPED.length());
    }
    return path;
  }
}

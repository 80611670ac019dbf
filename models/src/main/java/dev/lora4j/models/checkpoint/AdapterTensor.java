package dev.lora4j.models.checkpoint;

import dev.lora4j.io.TensorInfo;
import java.util.List;

/**
 * A tensor of an adapter's file, by what its key says.
 *
 * @param key as it stands in the file
 * @param path the module's path in the network
 * @param part what it is of the adapter
 * @param info format and shape
 */
record AdapterTensor(String key, String path, Part part, TensorInfo info) {
  static final String PREFIX = "base_model.model.";
  private static final String WRAPPED = ".base_layer";

  /** What a tensor can be, by the end of its key. */
  enum Part {
    A(".lora_A.weight"),
    B(".lora_B.weight"),
    BIAS_OF_B(".lora_B.bias"),
    EMBEDDING_A(".lora_embedding_A"),
    EMBEDDING_B(".lora_embedding_B"),
    MAGNITUDE(".lora_magnitude_vector"),
    TOKENS(".token_adapter.trainable_tokens_delta"),
    BIAS(".base_layer.bias"),
    /** A parameter that is replaced; its key is the parameter's own. */
    WHOLE("");

    private final String suffix;

    Part(String suffix) {
      this.suffix = suffix;
    }

    boolean isFactor() {
      return this == A || this == B || this == EMBEDDING_A || this == EMBEDDING_B;
    }

    boolean isB() {
      return this == B || this == EMBEDDING_B;
    }
  }

  /** Reads a key. */
  static AdapterTensor of(String key, TensorInfo info) {
    String name = key.startsWith(PREFIX) ? key.substring(PREFIX.length()) : key;
    for (Part part : Part.values()) {
      if (part != Part.WHOLE && name.endsWith(part.suffix)) {
        String path = name.substring(0, name.length() - part.suffix.length());
        return new AdapterTensor(key, unwrapped(path), part, info);
      }
    }
    int dot = name.lastIndexOf('.');
    return new AdapterTensor(key, name.substring(0, Math.max(0, dot)), Part.WHOLE, info);
  }

  private static String unwrapped(String path) {
    String inner = path;
    while (inner.endsWith(WRAPPED)) {
      inner = inner.substring(0, inner.length() - WRAPPED.length());
    }
    return inner;
  }

  boolean hasPrefix() {
    return key.startsWith(PREFIX);
  }

  List<Long> shape() {
    return info.shape();
  }
}

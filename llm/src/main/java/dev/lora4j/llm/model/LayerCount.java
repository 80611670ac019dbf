package dev.lora4j.llm.model;

import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;

/**
 * The number of layers in a {@code config.json}. Settings of each layer are lists of that length,
 * so a number beyond any model is refused before they take the memory.
 */
public final class LayerCount {
  private static final int MOST = 10_000;

  private LayerCount() {}

  /**
   * Returns the number of layers.
   *
   * @throws UserError if it is missing, less than 1 or more than 10,000
   */
  public static int of(JsonDocument fields, String key) {
    int layers = fields.size(key);
    if (layers > MOST) {
      throw fields.wrong(key, "at most 10,000 layers", layers);
    }
    return layers;
  }
}

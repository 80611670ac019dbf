package dev.lora4j.llm.merge;

import dev.lora4j.llm.checkpoint.WeightsOnly;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/**
 * Weight tying in a merge: the output head may be the input embedding. An adapter of one of them
 * does not change the other, so they differ after a merge: both must be written, and the config
 * must no longer tie them. Trained token rows apply to both, as does everything under {@code
 * ensure_weight_tying}.
 *
 * @param isBroken whether head and embedding are written separately
 */
record TiedHead(boolean isBroken) {

  /**
   * Compares the changes of head and embedding.
   *
   * @param merged the merged values by parameter path; equal changes are the same object
   */
  static TiedHead of(WeightsOnly network, Map<String, Supplier<Tensor>> merged) {
    return new TiedHead(
        network
            .tiedEmbedding()
            .filter(path -> merged.get(path) != merged.get(WeightsOnly.HEAD_WEIGHT))
            .isPresent());
  }

  /** Returns a note for the user if the tie is broken. */
  Optional<String> note() {
    return isBroken
        ? Optional.of(
            "the output head is no longer tied to the input embedding: both are written, and"
                + " config.json has tie_word_embeddings = false")
        : Optional.empty();
  }
}

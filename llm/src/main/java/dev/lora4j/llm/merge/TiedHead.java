package dev.lora4j.llm.merge;

import dev.lora4j.llm.checkpoint.WeightsOnly;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.TiedWeights;
import dev.lora4j.lora.format.StoredAdapter;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;

/**
 * Weight tying in a merge: the output head may be the input embedding. An adapter of one of them
 * does not change the other, so they differ after a merge: both must be written, and the config
 * must no longer tie them. Trained token rows apply to both, as does everything under {@code
 * ensure_weight_tying}.
 *
 * @param isBroken whether head and embedding are written separately
 */
record TiedHead(boolean isBroken) {

  static TiedHead of(WeightsOnly network, LoraModel model, Collection<StoredAdapter> adapters) {
    Optional<String> embedding = network.tiedEmbedding();
    if (embedding.isEmpty()) {
      return new TiedHead(false);
    }
    Set<String> changed = model.mergedParameters().keySet();
    if (changed.contains(WeightsOnly.HEAD_WEIGHT)) {
      return new TiedHead(true);
    }
    return new TiedHead(
        changed.contains(embedding.get()) && adapters.stream().anyMatch(a -> !keepsTie(a)));
  }

  private static boolean keepsTie(StoredAdapter adapter) {
    return TiedWeights.ensured(adapter.config()) || !adapter.config().trainableTokens().isEmpty();
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

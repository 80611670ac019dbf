package dev.lora4j.models.checkpoint;

import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.StoredAdapter;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;

/**
 * What becomes of an output head that is the input embedding. An adapter of one of them says
 * nothing of the other, so after a merge they differ: both must be written, and the config must not
 * tie them again when it is read. Rows of tokens that are trained are trained in both, as is
 * whatever {@code ensure_weight_tying} holds together.
 *
 * @param isCut whether head and embedding are written apart
 */
record TiedHead(boolean isCut) {

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
    return "true".equals(adapter.config().otherKeys().get("ensure_weight_tying"))
        || !adapter.config().trainableTokens().isEmpty();
  }

  /** What is to be told of it. */
  Optional<String> note() {
    return isCut
        ? Optional.of(
            "the output head was the input embedding, and is no longer: both are written, and"
                + " config.json says tie_word_embeddings = false")
        : Optional.empty();
  }
}

package dev.lora4j.models.hub;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Which files of a repository make a model or an adapter here: the configuration, the tokenizer,
 * the chat template, and one form of the weights. Other forms of the same weights, pictures and
 * papers are left where they are.
 *
 * @param names what is there and wanted, the weights last: once they are whole, all is
 * @param missing what should be there too
 */
record WantedFiles(List<String> names, List<String> missing) {
  private static final Pattern SMALL =
      Pattern.compile(
          "config\\.json|generation_config\\.json|adapter_config\\.json|special_tokens_map\\.json"
              + "|tokenizer[^/]*|chat_template[^/]*");
  // The order in which they are preferred.
  private static final List<String> WEIGHTS =
      List.of(
          "model.safetensors",
          "model.safetensors.index.json",
          "pytorch_model.bin",
          "pytorch_model.bin.index.json");
  private static final List<String> ADAPTERS =
      List.of("adapter_model.safetensors", "adapter_model.bin");
  private static final String INDEX = ".index.json";

  WantedFiles {
    names = List.copyOf(names);
    missing = List.copyOf(missing);
  }

  /** The index that has to be read first, to know which shards there are. */
  static Optional<String> index(Collection<String> present) {
    return weights(present).filter(name -> name.endsWith(INDEX));
  }

  /**
   * Chooses among these files.
   *
   * @param shards what the index names; empty where there is none
   */
  static WantedFiles of(Collection<String> present, Set<String> shards) {
    List<String> names =
        new ArrayList<>(present.stream().filter(n -> SMALL.matcher(n).matches()).sorted().toList());
    List<String> missing = new ArrayList<>();
    boolean isAdapter = present.contains("adapter_config.json");
    Optional<String> weights = weights(present);
    if (weights.isPresent()) {
      Stream.of("config.json").filter(n -> !present.contains(n)).forEach(missing::add);
      names.add(weights.get());
      shards.stream()
          .sorted()
          .forEach(shard -> (present.contains(shard) ? names : missing).add(shard));
    } else if (!isAdapter) {
      missing.add(WEIGHTS.get(0));
    }
    if (isAdapter) {
      Optional<String> adapter = ADAPTERS.stream().filter(present::contains).findFirst();
      adapter.ifPresentOrElse(names::add, () -> missing.add(ADAPTERS.get(0)));
    }
    return new WantedFiles(names, missing);
  }

  private static Optional<String> weights(Collection<String> present) {
    return WEIGHTS.stream().filter(present::contains).findFirst();
  }

  boolean isComplete() {
    return missing.isEmpty();
  }
}

package dev.lora4j.llm.hub;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files of a repository that make up a model or an adapter: config, tokenizer, chat template,
 * and the weights in one format, last, so that complete weights imply a complete snapshot.
 */
record WantedFiles(List<String> names, List<String> missing) {
  private static final Pattern SMALL =
      Pattern.compile(
          "config\\.json|generation_config\\.json|adapter_config\\.json|special_tokens_map\\.json"
              + "|tokenizer[^/]*|chat_template[^/]*|added_tokens\\.json"
              + "|additional_chat_templates/tool_use\\.jinja"
              + "|modules\\.json|config_sentence_transformers\\.json|sentence_bert_config\\.json"
              + "|[0-9]_[A-Za-z]+/config\\.json");
  private static final Pattern LAYER =
      Pattern.compile("[0-9]_Dense/(model\\.safetensors|pytorch_model\\.bin)");
  // Instead of tokenizer.json; tokenizer.model is in the list above.
  private static final List<String> BYTE_LEVEL = List.of("vocab.json", "merges.txt");
  private static final String WORD_PIECE = "vocab.txt";
  // In order of preference.
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

  /** Returns the index that must be read first to find the shards. */
  static Optional<String> index(Collection<String> present) {
    return weights(present).filter(name -> name.endsWith(INDEX));
  }

  /** Chooses from the files of a repository, given the shards of its index. */
  static WantedFiles of(Collection<String> present, Set<String> shards) {
    List<String> names =
        new ArrayList<>(present.stream().filter(n -> SMALL.matcher(n).matches()).sorted().toList());
    if (!present.contains("tokenizer.json") && present.containsAll(BYTE_LEVEL)) {
      names.addAll(BYTE_LEVEL);
    } else if (!present.contains("tokenizer.json") && present.contains(WORD_PIECE)) {
      names.add(WORD_PIECE);
    }
    present.stream().filter(name -> isLayer(name, present)).sorted().forEach(names::add);
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

  /** Returns whether a file has the weights of a Dense module, in the preferred format. */
  private static boolean isLayer(String name, Collection<String> present) {
    return LAYER.matcher(name).matches()
        && (name.endsWith(WEIGHTS.get(0))
            || !present.contains(name.replaceFirst("/.*", "/" + WEIGHTS.get(0))));
  }

  private static Optional<String> weights(Collection<String> present) {
    return WEIGHTS.stream().filter(present::contains).findFirst();
  }

  boolean isComplete() {
    return missing.isEmpty();
  }
}

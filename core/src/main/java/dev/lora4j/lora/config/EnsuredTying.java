package dev.lora4j.lora.config;

import dev.lora4j.lora.config.AdapterPlan.Layer;
import dev.lora4j.lora.config.AdapterPlan.Saved;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * PEFT's {@code ensure_weight_tying}: an adapter of one module changes all modules that share its
 * weight. The embedding among them holds the adapter's tensors.
 */
public record EnsuredTying(LoraConfig config, Map<String, Module> modules, TiedWeights tied) {
  private static final Set<String> JOINED = Set.of("embed_tokens", "lm_head");

  /**
   * Adds the head to the targets of a config if its file holds matrices of a head: PEFT writes the
   * embedding's name only.
   *
   * @param paths the layers that the file holds matrices of
   */
  public static LoraConfig asSaved(LoraConfig config, List<String> paths) {
    List<String> heads = paths.stream().filter(path -> JOINED.contains(lastName(path))).toList();
    if (!TiedWeights.ensured(config)
        || heads.isEmpty()
        || !(config.targets() instanceof Targets.Named named)) {
      return config;
    }
    return config.targets(
        Targets.named(Stream.concat(named.names().stream(), heads.stream()).distinct().toList()));
  }

  private static String lastName(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  /** Replaces each tied module by the embedding that it shares its weight with. */
  List<Saved> saved(List<Saved> saved) {
    Map<String, Saved> joined = new LinkedHashMap<>();
    for (Saved whole : saved) {
      Optional<String> embedding = embedding(group(whole.path(), whole.module()));
      String path = embedding.orElse(whole.path());
      joined.putIfAbsent(path, new Saved(path, module(path), embedding.isPresent()));
    }
    return List.copyOf(joined.values());
  }

  /**
   * Adds the modules that share the weight of a target, the embedding first.
   *
   * @param problems receives the reasons why it can't
   */
  List<Layer> layers(List<Layer> layers, List<String> problems) {
    Map<String, Layer> joined = new LinkedHashMap<>();
    for (Layer layer : layers) {
      List<String> group = group(layer.path(), layer.module());
      List<String> reasons = group.isEmpty() ? List.of() : problems(layer.path(), group);
      problems.addAll(reasons);
      if (group.isEmpty() || !reasons.isEmpty()) {
        joined.putIfAbsent(layer.path(), layer);
      } else {
        String embedding = embedding(group).orElseThrow();
        Layer source = TargetResolver.layer(embedding, module(embedding), config);
        joined.put(embedding, source);
        group.stream()
            .filter(path -> !path.equals(embedding))
            .forEach(path -> joined.put(path, head(path, source)));
      }
    }
    return List.copyOf(joined.values());
  }

  /** Returns the modules to join with a module: PEFT joins those of two names only. */
  private List<String> group(String path, Module module) {
    return JOINED.contains(lastName(path)) ? tied.sharing(module) : List.of();
  }

  private Layer head(String path, Layer source) {
    return new Layer(
        path, module(path), source.rank(), source.scaling(), Optional.of(source.path()));
  }

  private Optional<String> embedding(List<String> group) {
    return group.stream().filter(path -> module(path) instanceof Embedding).findFirst();
  }

  private List<String> problems(String path, List<String> group) {
    List<String> problems = new ArrayList<>();
    Optional<String> embedding = embedding(group);
    boolean fits =
        embedding.isPresent()
            && group.stream()
                .allMatch(p -> p.equals(embedding.get()) || module(p) instanceof Linear);
    if (!fits) {
      problems.add(
          "%s is for an embedding and linear heads; '%s' belongs to %s"
              .formatted(TiedWeights.ENSURE, path, String.join(", ", group)));
    } else if (group.stream().anyMatch(p -> scaling(p) != scaling(embedding.get()))) {
      problems.add(
          "%s needs the same rank and alpha for %s"
              .formatted(TiedWeights.ENSURE, String.join(" and ", group)));
    }
    if (config.dora() || config.loraBias() || config.initialization().takesFromBase()) {
      problems.add(
          "%s of '%s' can't be combined with use_dora, lora_bias or init_lora_weights = pissa or"
                  .formatted(TiedWeights.ENSURE, path)
              + " olora");
    }
    return problems;
  }

  private double scaling(String path) {
    return config.scalingAt(path);
  }

  private Module module(String path) {
    return Objects.requireNonNull(modules.get(path));
  }
}

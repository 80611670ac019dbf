package dev.lora4j.lora.format;

import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.PathPatterns;
import dev.lora4j.lora.config.Targets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/**
 * Renames an adapter's paths to those of a network, which may differ by a prefix: the adapter was
 * trained on another class with the same layers, such as a multimodal one.
 */
public final class FittedAdapter {
  private final Set<String> modules;
  private final Naming naming;

  private FittedAdapter(Set<String> modules, Naming naming) {
    this.modules = modules;
    this.naming = naming;
  }

  /**
   * Returns the adapter with the network's paths; the same adapter if these are its own, or if no
   * prefix explains the difference.
   *
   * @param modules the network's module paths
   * @throws dev.lora4j.UserError if several prefixes do
   */
  public static StoredAdapter of(StoredAdapter stored, Set<String> modules) {
    List<String> wanted =
        stored.paths().stream().map(path -> path.replace(".base_layer", "")).toList();
    Naming naming = NamingSearch.find(modules, wanted);
    return naming.renames() ? new FittedAdapter(modules, naming).renamed(stored) : stored;
  }

  private StoredAdapter renamed(StoredAdapter stored) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    stored.tensors().forEach((key, tensor) -> tensors.put(keyOf(key), tensor));
    return new StoredAdapter(
        config(stored), tensors, stored.baseFingerprint().map(base -> base.renamed(this::keyOf)));
  }

  /** Returns the network's key of a tensor; a head outside the renamed prefix keeps its key. */
  private String keyOf(String key) {
    String renamed = naming.name(key);
    boolean known = modules.stream().anyMatch(module -> renamed.startsWith(module + "."));
    return known ? renamed : key;
  }

  private LoraConfig config(StoredAdapter stored) {
    LoraConfig config = stored.config();
    Map<String, Double> ranks = new LinkedHashMap<>();
    Map<String, Double> alphas = new LinkedHashMap<>();
    for (String path : stored.paths()) {
      ranks.put(naming.name(path), (double) config.rankAt(path));
      alphas.put(naming.name(path), config.alphaAt(path));
    }
    boolean bySuffix =
        config.targets() instanceof Targets.Named named
            && named.names().stream().noneMatch(name -> name.startsWith(naming.added()));
    LoraConfig targeted = bySuffix ? config : config.only(List.copyOf(ranks.keySet()));
    return targeted
        .patterns(
            PathPatterns.exactly(ranks, config.rank()),
            PathPatterns.exactly(alphas, config.alpha()))
        .renamed(naming::name);
  }
}

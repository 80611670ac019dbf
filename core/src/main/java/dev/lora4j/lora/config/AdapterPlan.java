package dev.lora4j.lora.config;

import dev.lora4j.nn.Module;
import java.util.List;
import java.util.Optional;

/** The layers and parameters that an adapter would train, resolved before anything is changed. */
public record AdapterPlan(
    List<Layer> layers,
    List<RawParameter> parameters,
    List<Saved> saved,
    List<Bias> biases,
    List<Tokens> tokens) {

  public AdapterPlan {
    layers = List.copyOf(layers);
    parameters = List.copyOf(parameters);
    saved = List.copyOf(saved);
    biases = List.copyOf(biases);
    tokens = List.copyOf(tokens);
  }

  /**
   * A layer that would be adapted.
   *
   * @param tiedTo the path of the embedding whose matrices it shares, with {@code
   *     ensure_weight_tying}
   */
  public record Layer(
      String path, Module module, int rank, double scaling, Optional<String> tiedTo) {}

  /** A raw parameter that would be adapted, with this number of adapted ones declared after it. */
  public record RawParameter(
      String path, Module module, String name, int rank, double scaling, int deeper) {}

  /**
   * A module that would be fully trained.
   *
   * @param tied whether the modules that share its weight use the trained one too
   */
  public record Saved(String path, Module module, boolean tied) {

    /** Returns whether a path is that of the module or of one within it. */
    boolean contains(String other) {
      return other.equals(path) || other.startsWith(path + ".");
    }
  }

  /** A module whose bias would be trained. */
  public record Bias(String path, Module module, boolean adapted) {}

  /** An embedding with rows that would be trained. */
  public record Tokens(String path, Module module, List<Long> rows) {}

  public List<String> paths() {
    return layers.stream().map(Layer::path).toList();
  }
}

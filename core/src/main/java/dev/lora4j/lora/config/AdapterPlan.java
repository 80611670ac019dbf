package dev.lora4j.lora.config;

import dev.lora4j.nn.Module;
import java.util.List;

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

  /** A layer that would be adapted. */
  public record Layer(String path, Module module, int rank, double scaling) {}

  /** A raw parameter that would be adapted, with this number of adapted ones declared after it. */
  public record RawParameter(
      String path, Module module, String name, int rank, double scaling, int deeper) {}

  /** A module that would be fully trained. */
  public record Saved(String path, Module module) {}

  /** A module whose bias would be trained. */
  public record Bias(String path, Module module, boolean adapted) {}

  /** An embedding with rows that would be trained. */
  public record Tokens(String path, Module module, List<Long> rows) {}

  public List<String> paths() {
    return layers.stream().map(Layer::path).toList();
  }
}

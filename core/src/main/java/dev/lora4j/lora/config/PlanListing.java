package dev.lora4j.lora.config;

import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightedLayer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** A table of the parameters that a plan would train, in its order. */
public record PlanListing(List<Row> rows) {
  private static final int BYTES_PER_NUMBER = Float.BYTES;

  public PlanListing {
    rows = List.copyOf(rows);
  }

  /**
   * One adapted or trained module or parameter.
   *
   * @param path its path
   * @param kind the layer's kind, such as {@code Linear}, or the part that is trained: all of it,
   *     its bias, some rows
   * @param shape the weight's shape
   * @param rank the delta's rank; 0 if trained directly
   * @param scaling the delta's scaling; 1 if trained directly
   * @param parameters the number of trainable parameters
   */
  public record Row(
      String path, String kind, List<Long> shape, int rank, double scaling, long parameters) {
    public Row {
      shape = List.copyOf(shape);
    }

    /** Returns the size of its trainable parameters in float32, in bytes. */
    public long bytes() {
      return BYTES_PER_NUMBER * parameters;
    }
  }

  public static PlanListing of(AdapterPlan plan, LoraConfig config) {
    List<Row> rows = new ArrayList<>();
    plan.layers().forEach(layer -> rows.add(row(layer, config)));
    plan.parameters().forEach(parameter -> rows.add(row(parameter)));
    plan.saved().forEach(saved -> rows.add(whole(saved)));
    plan.biases()
        .forEach(
            bias -> rows.add(asItIs(bias.path() + ".bias", "bias", own(bias.module(), "bias"))));
    plan.tokens().forEach(tokens -> rows.add(row(tokens)));
    return new PlanListing(rows);
  }

  private static Row row(AdapterPlan.Layer layer, LoraConfig config) {
    long[] shape = ((WeightedLayer) layer.module()).store().shape();
    long parameters =
        layer.tiedTo().isPresent()
            ? 0
            : config.method().trainableParameters(layer.module(), config.optionsAt(layer.path()));
    String kind = layer.module().getClass().getSimpleName();
    return new Row(layer.path(), kind, list(shape), layer.rank(), layer.scaling(), parameters);
  }

  private static Row row(AdapterPlan.RawParameter raw) {
    long[] shape = own(raw.module(), raw.name()).shape();
    int last = shape.length - 1;
    long experts = shape.length == 3 ? shape[0] : 1;
    long parameters = raw.rank() * experts * (shape[last] + shape[last - 1]);
    String path = raw.path() + "." + raw.name();
    return new Row(path, "parameter", list(shape), raw.rank(), raw.scaling(), parameters);
  }

  private static Row row(AdapterPlan.Tokens tokens) {
    long[] shape = own(tokens.module(), "weight").shape();
    long parameters = tokens.rows().size() * shape[1];
    return new Row(tokens.path(), "rows", list(shape), 0, 1, parameters);
  }

  private static Row whole(AdapterPlan.Saved saved) {
    long parameters =
        saved.module().namedParameters().values().stream().mapToLong(Parameter::numel).sum();
    List<Long> shape =
        saved.module() instanceof WeightedLayer weighted
            ? list(weighted.store().shape())
            : List.of();
    return new Row(saved.path(), "whole", shape, 0, 1, parameters);
  }

  private static Row asItIs(String path, String kind, Parameter parameter) {
    return new Row(path, kind, list(parameter.shape()), 0, 1, parameter.numel());
  }

  private static Parameter own(Module module, String name) {
    return Objects.requireNonNull(module.ownParameters().get(name));
  }

  private static List<Long> list(long[] shape) {
    return Arrays.stream(shape).boxed().toList();
  }

  public long parameters() {
    return rows.stream().mapToLong(Row::parameters).sum();
  }

  /** Returns the size in float32, in bytes: the adapter file without its header. */
  public long bytes() {
    return BYTES_PER_NUMBER * parameters();
  }
}

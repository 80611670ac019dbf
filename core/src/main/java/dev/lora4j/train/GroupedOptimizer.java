package dev.lora4j.train;

import dev.lora4j.UserError;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;

/**
 * Parameter groups, each with an optimizer of its own, as in PyTorch, such as {@code
 * GroupedOptimizer.of(loraPlus.groups(model, rate), group -> new AdamW(group.learningRate()))}.
 */
public final class GroupedOptimizer implements Optimizer {
  private final List<Optimizer> optimizers;
  private final Map<Parameter, Integer> groupOf;
  private final long[] sizes;

  private GroupedOptimizer(List<Optimizer> optimizers, Map<Parameter, Integer> groupOf) {
    this.optimizers = optimizers;
    this.groupOf = groupOf;
    sizes = new long[optimizers.size()];
  }

  /** Creates and owns an optimizer for each group; a state needs a map in the same order. */
  public static <G> GroupedOptimizer of(
      Map<Parameter, G> groups, Function<? super G, ? extends Optimizer> made) {
    Map<G, Integer> numbers = new LinkedHashMap<>();
    Map<Parameter, Integer> groupOf = new HashMap<>();
    groups.forEach(
        (parameter, group) ->
            groupOf.put(parameter, numbers.computeIfAbsent(group, g -> numbers.size())));
    List<Optimizer> optimizers = new ArrayList<>();
    numbers.keySet().forEach(group -> optimizers.add(made.apply(group)));
    return new GroupedOptimizer(optimizers, groupOf);
  }

  /** Orders the parameters group by group. */
  @Override
  public List<Parameter> arrange(List<Parameter> trainable) {
    for (Parameter parameter : trainable) {
      if (!groupOf.containsKey(parameter)) {
        throw new UserError(
            "a trainable parameter of shape %s has no group; freeze it or assign one"
                .formatted(Ops.shapeOf(parameter.value())));
      }
    }
    List<Parameter> arranged = new ArrayList<>(trainable);
    arranged.sort(Comparator.comparing(this::group));
    for (int i = 0; i < sizes.length; i++) {
      int group = i;
      sizes[i] =
          trainable.stream().filter(p -> group(p) == group).mapToLong(Parameter::numel).sum();
    }
    return arranged;
  }

  private int group(Parameter parameter) {
    return groupOf.getOrDefault(parameter, 0);
  }

  @Override
  public void step(Tensor parameters, Tensor gradient) {
    long from = 0;
    for (int i = 0; i < sizes.length; i++) {
      if (sizes[i] > 0) {
        optimizers
            .get(i)
            .step(parameters.narrow(0, from, sizes[i]), gradient.narrow(0, from, sizes[i]));
      }
      from += sizes[i];
    }
  }

  @Override
  public void scaleRates(double factor) {
    optimizers.forEach(optimizer -> optimizer.scaleRates(factor));
  }

  /** The state of each group, prefixed with its number and a dot. */
  @Override
  public Map<String, Tensor> state() {
    Map<String, Tensor> all = new LinkedHashMap<>();
    for (int i = 0; i < optimizers.size(); i++) {
      String prefix = i + ".";
      optimizers.get(i).state().forEach((name, tensor) -> all.put(prefix + name, tensor));
    }
    return all;
  }

  @Override
  public void restore(Map<String, Tensor> state) {
    Map<String, Tensor> left = new LinkedHashMap<>(state);
    for (int i = 0; i < optimizers.size(); i++) {
      String prefix = i + ".";
      Map<String, Tensor> own = OptimizerChecks.below(prefix, state);
      own.keySet().forEach(name -> left.remove(prefix + name));
      optimizers.get(i).restore(own);
    }
    if (!left.isEmpty()) {
      throw new UserError(
          "optimizer state: found %s, but there are %d groups"
              .formatted(left.keySet(), optimizers.size()));
    }
  }

  @Override
  public boolean decays() {
    return optimizers.stream().anyMatch(Optimizer::decays);
  }

  @Override
  public void close() {
    optimizers.forEach(Optimizer::close);
  }
}

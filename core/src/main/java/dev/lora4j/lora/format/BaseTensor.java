package dev.lora4j.lora.format;

import dev.lora4j.io.DType;
import dev.lora4j.io.TensorDigest;
import dev.lora4j.lora.layer.BaseModules;
import dev.lora4j.nn.DenseWeights;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.quant.CompactWeights;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A tensor of a base as its fingerprint sees it. A quantised weight counts as the float32 values
 * that it stands for, so that a base has one fingerprint however it is kept in memory; they are
 * computed in parts.
 *
 * @param parameters those that hold it
 * @param kind its dtype and shape, narrower floats as F32
 * @param parts the number of parts along the first dimension
 * @param part computes a part, in the caller's pointer scope
 */
record BaseTensor(
    Collection<Parameter> parameters, String kind, long parts, LongFunction<Tensor> part) {
  private static final String WEIGHT = "weight";
  private static final long PART_ELEMENTS = 1 << 18; // larger ones fragment the native heap: 0.5 GB

  /**
   * Returns the tensors of a base by name; a shared one once.
   *
   * @param before returns the value of a parameter before merges
   */
  static Map<String, BaseTensor> of(Module base, Function<Parameter, Tensor> before) {
    Map<String, BaseTensor> tensors = new LinkedHashMap<>();
    Set<Parameter> seen = new HashSet<>();
    BaseModules.original(base)
        .forEach(
            (path, module) -> {
              if (module instanceof WeightedLayer layer
                  && !(layer.store() instanceof DenseWeights)) {
                Collection<Parameter> own = layer.store().parameters().values();
                boolean isNew = own.stream().noneMatch(part -> seen.contains(part.first()));
                own.forEach(part -> seen.add(part.first()));
                if (isNew) {
                  tensors.put(path + "." + WEIGHT, of(layer.store()));
                }
              }
            });
    BaseModules.parameters(base)
        .forEach(
            (name, parameter) -> {
              if (seen.add(parameter.first())) {
                tensors.put(name, of(parameter, before.apply(parameter)));
              }
            });
    return tensors;
  }

  private static BaseTensor of(Parameter parameter, Tensor value) {
    boolean narrow = value.is_floating_point() && value.element_size() < Float.BYTES;
    String dtype =
        narrow
            ? DType.F32.name()
            : DType.of(value.scalar_type())
                .map(Enum::name)
                .orElseGet(() -> value.dtype().toString());
    return new BaseTensor(
        List.of(parameter),
        dtype + Ops.shapeOf(value),
        1,
        i -> narrow ? value.detach().to(ScalarType.Float) : value);
  }

  private static BaseTensor of(WeightStore store) {
    long[] shape = store.shape();
    long rows = store instanceof CompactWeights ? Math.max(1, PART_ELEMENTS / shape[1]) : shape[0];
    return new BaseTensor(
        store.parameters().values(),
        DType.F32 + Arrays.toString(shape),
        (shape[0] + rows - 1) / rows,
        i -> rows(store, i * rows, Math.min(rows, shape[0] - i * rows)));
  }

  private static Tensor rows(WeightStore store, long first, long count) {
    Tensor part = store instanceof CompactWeights ? store.rows(first, count) : store.dense();
    return part.to(ScalarType.Float);
  }

  /** Computes the SHA-256 of its values. */
  String digest() {
    return digest(values -> values);
  }

  /** Computes the SHA-256 of its values in a narrower dtype. */
  String rounded(ScalarType narrow) {
    return digest(values -> values.to(narrow));
  }

  boolean isFloating() {
    return kind.startsWith("F");
  }

  private String digest(UnaryOperator<Tensor> converted) {
    try (NoGradGuard guard = new NoGradGuard()) {
      return TensorDigest.of(parts, i -> converted.apply(part.apply(i)));
    }
  }
}

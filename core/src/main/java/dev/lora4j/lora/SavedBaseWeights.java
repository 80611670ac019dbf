package dev.lora4j.lora;

import dev.lora4j.nn.Module;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import java.util.Arrays;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Weights of the base that an adapter's file carries though it does not train them: PEFT writes
 * those of embeddings and heads along ({@code save_embedding_layers}). They say nothing new where
 * they are the base's own, and something else than an adapter where they are not.
 */
final class SavedBaseWeights {
  static final String DIFFERS =
      ": the file carries the weight of the base that it was made for, and this base's differs; use"
          + " that base";
  private static final String WRAPPED = ".base_layer.";

  private final Map<String, Module> modules;

  SavedBaseWeights(Module base) {
    modules = BaseModules.original(base);
  }

  /** What a tensor is to the base. */
  enum Comparison {
    /** The base's own. */
    EQUAL,
    /** Of a parameter that the base has, with other values or sizes. */
    OTHER,
    /** Of no parameter of the base. */
    NONE
  }

  Comparison compare(String key, Tensor tensor) {
    Parameter own = parameter(key.replace(WRAPPED, "."));
    if (own == null) {
      return Comparison.NONE;
    }
    return isEqual(own.value(), tensor) ? Comparison.EQUAL : Comparison.OTHER;
  }

  private @Nullable Parameter parameter(String path) {
    int dot = path.lastIndexOf('.');
    Module module = dot < 0 ? null : modules.get(path.substring(0, dot));
    return module == null ? null : module.ownParameters().get(path.substring(dot + 1));
  }

  private static boolean isEqual(Tensor own, Tensor carried) {
    try (PointerScope scope = new PointerScope()) {
      return Arrays.equals(Ops.shape(own), Ops.shape(carried))
          && own.equal(carried.to(own.device(), own.scalar_type()));
    }
  }
}

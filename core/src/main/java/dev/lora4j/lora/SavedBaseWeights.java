package dev.lora4j.lora;

import dev.lora4j.lora.layer.BaseModules;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Base weights in an adapter's file that the adapter does not train: PEFT can write those of
 * embeddings and heads too ({@code save_embedding_layers}). They are redundant if they equal the
 * base's; if not, the adapter is for another base.
 */
final class SavedBaseWeights {
  static final String DIFFERS =
      ": the file has this weight of the base that it was trained on, and this base's differs; use"
          + " that base";
  private static final String WRAPPED = ".base_layer.";

  private final Map<String, Module> modules;

  SavedBaseWeights(Module base) {
    modules = BaseModules.original(base);
  }

  /** How a tensor of the file compares with the base. */
  enum Comparison {
    /** Equal to the base's. */
    EQUAL,
    /** The base has this parameter, with other values or another shape. */
    OTHER,
    /** The base has no such parameter. */
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

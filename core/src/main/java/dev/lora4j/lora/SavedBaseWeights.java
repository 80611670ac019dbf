package dev.lora4j.lora;

import dev.lora4j.NearMiss;
import dev.lora4j.lora.format.PeftKeys;
import dev.lora4j.lora.layer.BaseModules;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Base weights in an adapter's file that the adapter does not train, as PEFT's {@code
 * save_embedding_layers} writes. If they differ from the base's, the adapter is for another base.
 */
final class SavedBaseWeights {
  private static final String WRAPPED = ".base_layer.";

  private final Map<String, Module> modules;

  SavedBaseWeights(Module base) {
    modules = BaseModules.original(base);
  }

  /** Returns the problem with a tensor of the file, if there is one. */
  Optional<String> problem(String key, Tensor tensor, Collection<String> expected) {
    Parameter own = parameter(key.replace(WRAPPED, "."));
    String name = PeftKeys.inFile(key);
    if (own == null) {
      List<String> valid = expected.stream().map(PeftKeys::inFile).toList();
      return Optional.of("unexpected " + name + NearMiss.hint(name, valid));
    }
    return isEqual(own.value(), tensor)
        ? Optional.empty()
        : Optional.of(
            name
                + ": the file contains this weight of the base it was trained on, which differs"
                + " from this base's; use that base");
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

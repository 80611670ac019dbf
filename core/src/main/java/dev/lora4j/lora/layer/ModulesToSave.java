package dev.lora4j.lora.layer;

import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Substitution;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * Trainable copies of a module's parameters, used while the adapter is active: whole ones ({@code
 * modules_to_save}, biases) or some rows ({@code trainable_token_indices}).
 */
public final class ModulesToSave extends AuxiliaryModule {
  private final Module owner;
  private final BooleanSupplier active;
  private final Map<String, Parameter> byKey = new LinkedHashMap<>();
  private final List<Runnable> undo = new ArrayList<>();

  /** Creates a module without copies; forwards use them while the adapter is active. */
  public ModulesToSave(Module owner, BooleanSupplier active) {
    this.owner = owner;
    this.active = active;
  }

  /** Replaces a parameter by a trainable copy, perhaps for tied modules too; saved as this key. */
  public void whole(String name, String key, boolean alsoTied) {
    Parameter replaced = replaced(name);
    Parameter copy = parameter(name, replaced.value().detach().clone());
    byKey.put(key, copy);
    Substitution whileActive = own -> active.getAsBoolean() ? copy.tensor() : own;
    install(alsoTied ? replaced.sharers() : List.of(replaced), whileActive);
  }

  /** Replaces rows of a parameter, for all modules that share it, by trainable copies. */
  public void rows(String name, List<Long> rows, String key) {
    Parameter replaced = replaced(name);
    Tensor indices = Ops.keep(Ops.tensor(rows.stream().mapToLong(Long::longValue).toArray()));
    Parameter copy = parameter(name, copyOfRows(replaced.value(), indices));
    byKey.put(key, copy);
    install(
        replaced.sharers(),
        own -> active.getAsBoolean() ? own.index_copy(0, indices, copy.tensor()) : own);
    undo.add(indices::deallocate);
  }

  private Parameter replaced(String name) {
    Parameter parameter = owner.ownParameters().get(name);
    if (parameter == null) {
      throw new IllegalStateException("no parameter " + name);
    }
    if (owner instanceof WeightedLayer layer && layer.store().parameters().containsKey(name)) {
      return layer.weight(); // refuses a quantised one
    }
    return parameter;
  }

  private static Tensor copyOfRows(Tensor value, Tensor rows) {
    try (NoGradGuard guard = new NoGradGuard()) {
      return value.detach().index_select(0, rows);
    }
  }

  private void install(List<Parameter> replaced, UnaryOperator<Tensor> whileActive) {
    replaced.forEach(one -> one.parametrize(whileActive));
    undo.add(() -> replaced.forEach(one -> one.unparametrize(whileActive)));
  }

  /** Returns the copies by PEFT's key without its prefix. */
  public Map<String, Parameter> saved() {
    return byKey;
  }

  @Override
  public void remove() {
    undo.forEach(Runnable::run);
    close();
  }
}

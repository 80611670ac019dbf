package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import java.util.List;

/** A linear layer with low-rank updates; on its own, without a model around it, it has one. */
public final class LoraLinear extends LoraLayer {

  /** Adapts a frozen copy of a linear layer with rank 4 and alpha 4. */
  public LoraLinear(Module module) {
    this(module, 4, 4);
  }

  /**
   * Adapts a frozen copy of a linear layer.
   *
   * @param rank {@code r}, at least 1
   * @param alpha the update is scaled by {@code alpha / rank}
   * @throws UserError if the module is no linear layer or the rank is below 1
   */
  public LoraLinear(Module module, int rank, double alpha) {
    this(copy(module), new Adapters());
    LoraConfig config = LoraConfig.rank(rank).alpha(alpha);
    Adapter adapter = new Adapter(DEFAULT, config, List.of());
    add(adapter, config.rank(), config.scaling(), config);
    shared().add(adapter);
    shared().activate(List.of(adapter));
  }

  LoraLinear(Linear pretrained, Adapters shared) {
    super(pretrained, shared);
  }

  private static Linear copy(Module module) {
    if (module instanceof Linear linear) {
      return linear.copy();
    }
    throw new UserError("LoraLinear adapts a Linear, found " + module.getClass().getSimpleName());
  }

  /** Adds the update into the weight, so that it costs nothing. */
  void merge() {
    merge(List.copyOf(shared().byName().values()), shared().journal());
    shared().setMerged(true);
  }

  /** Takes the update out again, bit for bit. */
  void unmerge() {
    shared().journal().undo();
    shared().setMerged(false);
  }

  /** The layer that is adapted. */
  @Override
  public Linear pretrained() {
    return (Linear) super.pretrained();
  }
}

package dev.lora4j.torchscript;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * One thread's replica of a script's module tree, which shares the tensors and the code. Its
 * parameter slots can be changed for a forward without affecting other threads.
 */
final class ModuleReplica implements AutoCloseable {
  private final JitModule script;
  private final List<ParameterSlot> slots;
  private final JitModule[] owners; // by slot

  private ModuleReplica(JitModule script, List<ParameterSlot> slots, Map<String, JitModule> parts) {
    this.script = script;
    this.slots = slots;
    owners = slots.stream().map(slot -> parts.get(slot.part())).toArray(JitModule[]::new);
    script.retainReference();
    for (JitModule owner : owners) {
      owner.retainReference();
    }
  }

  static ModuleReplica of(JitModule original, List<ParameterSlot> slots) {
    try (PointerScope scope = new PointerScope()) {
      Map<String, JitModule> parts = new HashMap<>();
      JitModule copy = copy(original, "", parts);
      return new ModuleReplica(copy, slots, parts);
    }
  }

  private static JitModule copy(JitModule part, String path, Map<String, JitModule> parts) {
    JitModule copy = part.copy();
    parts.put(path, copy);
    ScriptPart.children(part)
        .forEach(
            (name, child) -> {
              String below = path.isEmpty() ? name : path + "." + name;
              copy.setattr(name, new IValue(copy(child, below, parts)._ivalue()));
            });
    return copy;
  }

  /**
   * Runs the script on inputs, with the current value of each slot.
   *
   * @return an object that belongs to the caller's pointer scope
   */
  IValue forward(IValueVector inputs) {
    boolean[] changed = new boolean[owners.length];
    boolean optimizing = torch.getGraphExecutorOptimize();
    // The profiling executor's choices depend on earlier forwards: results would not be repeatable.
    torch.setGraphExecutorOptimize(false);
    try {
      for (int i = 0; i < owners.length; i++) {
        Tensor value = slots.get(i).value();
        changed[i] = !slots.get(i).isOwn(value);
        if (changed[i]) {
          hold(i, value);
        }
      }
      return script.forward(inputs);
    } finally {
      torch.setGraphExecutorOptimize(optimizing);
      for (int i = 0; i < owners.length; i++) {
        if (changed[i]) {
          hold(i, slots.get(i).parameter().value());
        }
      }
    }
  }

  private void hold(int slot, Tensor value) {
    owners[slot].setattr(slots.get(slot).attribute(), new IValue(value));
  }

  /** Frees the replica; the tensors remain. */
  @Override
  public void close() {
    for (JitModule owner : owners) {
      owner.releaseReference();
    }
    script.releaseReference();
  }
}

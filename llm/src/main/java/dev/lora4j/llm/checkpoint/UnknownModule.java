package dev.lora4j.llm.checkpoint;

import dev.lora4j.UserError;
import dev.lora4j.nn.Module;
import org.bytedeco.pytorch.Tensor;

/** A module of unknown class: a name, parameters and children. */
public sealed class UnknownModule extends Module permits WeightsOnly {

  /** Returns the child of a name, creating it if necessary. */
  final UnknownModule branch(String name) {
    Module existing = children().get(name);
    if (existing instanceof UnknownModule branch) {
      return branch;
    }
    if (existing != null) {
      throw new IllegalStateException(name + " is a layer, and has a child");
    }
    UnknownModule created = new UnknownModule();
    child(name, created);
    return created;
  }

  final void layer(String name, Module layer) {
    child(name, layer);
  }

  final void hold(String name, Tensor value) {
    parameter(name, value);
  }

  @Override
  public final Tensor forward(Tensor input) {
    throw new UserError(
        "this network was built from the weights of a file alone: it can be planned, merged and"
            + " saved, but has no forward pass; to run it, load the file into the network's own class");
  }
}

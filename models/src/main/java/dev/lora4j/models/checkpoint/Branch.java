package dev.lora4j.models.checkpoint;

import dev.lora4j.UserError;
import dev.lora4j.nn.Module;
import org.bytedeco.pytorch.Tensor;

/** A module of which nothing is known but its name, its parameters and what is below it. */
sealed class Branch extends Module permits WeightsOnly {

  /** The module below it of this name, made if there is none. */
  final Branch branch(String name) {
    Module there = children().get(name);
    if (there instanceof Branch branch) {
      return branch;
    }
    if (there != null) {
      throw new IllegalStateException(name + " is a layer, and something below it follows");
    }
    Branch made = new Branch();
    child(name, made);
    return made;
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
        "this network was built from a file's weights alone: it can be planned, merged and saved,"
            + " and has no forward; to run it, load the file into the network's own class");
  }
}

package dev.lora4j.torchscript;

import dev.lora4j.UserError;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Slot;
import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;

/** A submodule of a script that is not an adaptable layer: its parameters and children, by name. */
public class ScriptNode extends Module {
  private final String kind;

  ScriptNode(JitModule part, String path, ScriptReader reader) {
    Map<String, Parameter> parameters = reader.parameters(part);
    kind = KnownLayer.kindOfOther(part, parameters);
    parameters.forEach((attribute, p) -> hold(path, attribute, p, reader));
    ScriptPart.children(part).forEach((child, p) -> add(path, child, p, reader));
  }

  private void hold(String path, String attribute, Parameter parameter, ScriptReader reader) {
    share(attribute, parameter);
    reader.add(new ParameterSlot(path, attribute, parameter, parameter::tensor));
  }

  private void add(String path, String name, JitModule part, ScriptReader reader) {
    String below = path.isEmpty() ? name : path + "." + name;
    Map<String, Parameter> parameters = reader.parameters(part);
    Slot child = child(name, reader.module(part, below, parameters));
    if (!(child.module() instanceof ScriptNode)) {
      reader.addLayer(child, below, parameters);
    }
  }

  @Override
  public final String kind() {
    return kind;
  }

  /**
   * Always fails: only the complete script has a forward.
   *
   * @throws UserError always, for a submodule
   */
  @Override
  public Tensor forward(Tensor input) {
    throw new UserError(
        "a " + kind + " of a script has no forward of its own; call the complete model");
  }
}

package dev.lora4j.vision;

import dev.lora4j.Fixture;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An adapted ConvNet's A and B matrices under the fixtures' names, such as {@code
 * fc1.lora_A.weight}.
 */
public final class ConvNetAdapter {
  private ConvNetAdapter() {}

  public static Map<String, Parameter> parameters(Module net) {
    Map<String, Parameter> result = new LinkedHashMap<>();
    net.namedParameters()
        .forEach(
            (path, parameter) -> {
              if (path.endsWith(".A.weight") || path.endsWith(".B.weight")) {
                result.put(path.replace(".A.", ".lora_A.").replace(".B.", ".lora_B."), parameter);
              }
            });
    return result;
  }

  public static void copyInto(Module net, Fixture fixture) {
    parameters(net).forEach((name, parameter) -> parameter.copyFrom(fixture.tensor(name)));
  }
}

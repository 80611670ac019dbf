package dev.lora4j.cli.show;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Summary;
import dev.lora4j.torchscript.TorchScriptModel;
import java.io.PrintStream;
import java.util.Arrays;

/** The modules and parameters of a TorchScript file. */
public record ScriptListing(TorchScriptModel net) implements Listing {

  @Override
  public void print(PrintStream out, boolean all) {
    out.println("TorchScript: " + net.kind());
    net.namedModules().forEach((path, module) -> print(out, path, module));
    out.printf("%,d parameters%n", Summary.of(net).total());
  }

  private static void print(PrintStream out, String path, Module module) {
    out.printf("- %s: %s%n", path, module.kind());
    module
        .ownParameters()
        .forEach((name, p) -> out.printf("    %s %s%n", name, Arrays.toString(p.shape())));
  }

  @Override
  public void fill(ObjectNode root) {
    root.put("torchscript", net.kind());
    net.namedModules()
        .forEach(
            (path, module) ->
                root.withArray("modules").addObject().put("path", path).put("kind", module.kind()));
    net.namedParameters().forEach((path, p) -> put(root.withArray("tensors"), path, p));
    root.put("parameters", Summary.of(net).total());
  }

  private static void put(ArrayNode tensors, String path, Parameter parameter) {
    ObjectNode tensor = tensors.addObject().put("name", path);
    for (long size : parameter.shape()) {
      tensor.withArray("shape").add(size);
    }
  }
}

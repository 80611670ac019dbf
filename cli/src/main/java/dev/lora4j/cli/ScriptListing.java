package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.models.script.TorchScriptModel;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Summary;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;

/** What {@code lora info} says of a TorchScript file. */
final class ScriptListing {
  private ScriptListing() {}

  /** Loads the file, without running it, and lists its parts and parameters. */
  static void print(PrintStream out, Path file) {
    try (TorchScriptModel net = TorchScriptModel.load(file)) {
      out.println("TorchScript: " + net.kind());
      net.namedModules().forEach((path, part) -> print(out, path, part));
      out.printf("%,d parameters%n", Summary.of(net).total());
    }
  }

  private static void print(PrintStream out, String path, Module part) {
    out.printf("- %s: %s%n", path, part.kind());
    part.ownParameters()
        .forEach(
            (name, parameter) ->
                out.printf("    %s %s%n", name, Arrays.toString(parameter.shape())));
  }

  /** The same for machines. */
  static void printJson(PrintStream out, Path file) {
    try (TorchScriptModel net = TorchScriptModel.load(file)) {
      JsonLine.print(
          out,
          root -> {
            root.put("torchscript", net.kind());
            net.namedModules()
                .forEach(
                    (path, part) ->
                        root.withArray("modules")
                            .addObject()
                            .put("path", path)
                            .put("kind", part.kind()));
            net.namedParameters().forEach((path, p) -> put(root.withArray("tensors"), path, p));
            root.put("parameters", Summary.of(net).total());
          });
    }
  }

  private static void put(ArrayNode tensors, String path, Parameter parameter) {
    ObjectNode tensor = tensors.addObject().put("name", path);
    for (long size : parameter.shape()) {
      tensor.withArray("shape").add(size);
    }
  }
}

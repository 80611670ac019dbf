package dev.lora4j.lora.method;

import dev.lora4j.lora.layer.DeltaOptions;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.conv.Conv;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.List;

/** Checks the options of a config against a layer or a parameter. */
public final class CompatibilityChecks {
  private CompatibilityChecks() {}

  static List<String> of(String path, Module layer, DeltaOptions options) {
    List<String> problems = new ArrayList<>();
    if (layer instanceof Conv conv && conv.options().groups() > 1) {
      ofGroups(path, conv.options().groups(), options, problems);
    }
    if (layer instanceof Embedding && options.bias()) {
      problems.add("'" + path + "' is an embedding, which can't have lora_bias");
    }
    ofInitialization(path, layer, options, problems);
    return problems;
  }

  private static void ofGroups(
      String path, long groups, DeltaOptions options, List<String> problems) {
    if (options.dora()) {
      problems.add("'" + path + "' is a convolution with groups, which can't have use_dora");
    }
    if (options.rank() % groups != 0) {
      problems.add(
          "the rank at '%s', %d, must be a multiple of the convolution's groups, %d"
              .formatted(path, options.rank(), groups));
    }
  }

  private static void ofInitialization(
      String path, Module layer, DeltaOptions options, List<String> problems) {
    Initialization how = options.initialization();
    boolean orthogonal = how instanceof Initialization.Orthogonal;
    boolean loftq = how instanceof Initialization.Loftq;
    if (loftq && options.dora()) {
      problems.add("init_lora_weights = loftq and use_dora exclude each other, at '" + path + "'");
    }
    if ((layer instanceof Conv && (orthogonal || loftq || how.takesFromBase()))
        || (layer instanceof Embedding && (orthogonal || loftq))) {
      problems.add(
          "'%s' is not a linear layer, as init_lora_weights = %s requires"
              .formatted(path, how.word()));
    } else if (orthogonal && options.rank() % 2 != 0) {
      problems.add(
          "init_lora_weights = orthogonal needs an even rank, found %d at '%s'"
              .formatted(options.rank(), path));
    }
  }

  public static List<String> of(String path, Parameter parameter, Initialization how) {
    List<String> problems = new ArrayList<>();
    int dimensions = parameter.shape().length;
    if (dimensions != 2 && dimensions != 3) {
      problems.add(
          "target_parameters: '%s' must have two or three dimensions, found %s"
              .formatted(path, Ops.shapeOf(parameter.value())));
    }
    if (how instanceof Initialization.Orthogonal
        || how instanceof Initialization.Loftq
        || how.takesFromBase()) {
      problems.add("init_lora_weights = " + how.word() + " does not apply to target_parameters");
    }
    return problems;
  }
}

package dev.lora4j.lora;

import dev.lora4j.nn.Conv;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import java.util.ArrayList;
import java.util.List;

/** What a config asks of a layer or a parameter that it can't give, in words. */
final class Unsupported {
  private Unsupported() {}

  static List<String> of(String path, Module layer, LoraConfig config) {
    List<String> problems = new ArrayList<>();
    if (layer instanceof Conv conv && conv.options().groups() > 1) {
      ofGroups(path, conv.options().groups(), config, problems);
    }
    if (layer instanceof Embedding && config.loraBias()) {
      problems.add("'" + path + "' is an embedding, which takes no lora_bias");
    }
    ofBeginning(path, layer, config, problems);
    return problems;
  }

  private static void ofGroups(String path, long groups, LoraConfig config, List<String> problems) {
    if (config.dora()) {
      problems.add("'" + path + "' is a convolution with groups, which takes no use_dora");
    }
    if (config.rankAt(path) % groups != 0) {
      problems.add(
          "the rank at '%s', %d, must be a multiple of the convolution's groups, %d"
              .formatted(path, config.rankAt(path), groups));
    }
  }

  private static void ofBeginning(
      String path, Module layer, LoraConfig config, List<String> problems) {
    Initialization how = config.initialization();
    boolean orthogonal = how instanceof Initialization.Orthogonal;
    if ((layer instanceof Conv && (orthogonal || how.takesFromBase()))
        || (layer instanceof Embedding && orthogonal)) {
      problems.add(
          "'%s' is no linear layer, which init_lora_weights = %s is for"
              .formatted(path, how.word()));
    } else if (orthogonal && config.rankAt(path) % 2 != 0) {
      problems.add(
          "init_lora_weights = orthogonal takes an even rank, found %d at '%s'"
              .formatted(config.rankAt(path), path));
    }
  }

  static List<String> of(String path, Parameter parameter, LoraConfig config) {
    List<String> problems = new ArrayList<>();
    int dimensions = parameter.shape().length;
    if (dimensions != 2 && dimensions != 3) {
      problems.add(
          "target_parameters: '%s' must have two or three dimensions, found %s"
              .formatted(path, Ops.shapeOf(parameter.value())));
    }
    Initialization how = config.initialization();
    if (how instanceof Initialization.Orthogonal || how.takesFromBase()) {
      problems.add("init_lora_weights = " + how.word() + " is not for target_parameters");
    }
    return problems;
  }
}

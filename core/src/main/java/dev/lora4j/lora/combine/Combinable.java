package dev.lora4j.lora.combine;

import dev.lora4j.UserError;
import dev.lora4j.lora.config.BiasTraining;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.TiedWeights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Checks that adapters can be combined, before anything is computed. */
public final class Combinable {
  private Combinable() {}

  /**
   * Checks the adapters to combine.
   *
   * @throws UserError if they can't be combined; the message lists all reasons
   */
  public static void check(
      Map<String, LoraConfig> configs, Map<String, Double> weights, Combination how) {
    if (weights.isEmpty()) {
      throw new UserError("no adapters to combine");
    }
    List<String> problems = new ArrayList<>();
    configs.forEach(
        (name, config) -> {
          double weight = Objects.requireNonNull(weights.get(name));
          if (!Double.isFinite(weight)) {
            problems.add("the weight of '" + name + "' must be a finite number, found " + weight);
          }
          problems.addAll(problems(name, config, how));
        });
    if (configs.values().stream().map(TiedWeights::ensured).distinct().count() > 1) {
      problems.add("ensure_weight_tying must be the same in all adapters");
    }
    if (!problems.isEmpty()) {
      throw new UserError(String.join("\n", problems));
    }
  }

  private static List<String> problems(String name, LoraConfig config, Combination how) {
    List<String> problems = new ArrayList<>();
    if (!config.isLora()) {
      problems.add(
          "'%s' is a %s adapter: only LoRA can be combined"
              .formatted(name, config.method().peftType()));
    }
    trainedBeside(config)
        .forEach(
            (key, what) ->
                problems.add(
                    "'%s' has %s: %s would be lost in a combination".formatted(name, key, what)));
    if (config.initialization().takesFromBase() && !(how instanceof Combination.MixBySvd)) {
      problems.add(
          "'%s' was initialised by %s, from a part of the base's weights; use svd"
              .formatted(name, config.initialization().word()));
    }
    return problems;
  }

  /** Returns the parameters trained besides A and B, by the config key that enables them. */
  private static Map<String, String> trainedBeside(LoraConfig config) {
    Map<String, String> found = new LinkedHashMap<>();
    if (config.dora()) {
      found.put("use_dora", "its magnitudes");
    }
    if (config.loraBias()) {
      found.put("lora_bias", "its biases");
    }
    if (config.bias() != BiasTraining.NONE) {
      found.put("bias = " + config.bias().word(), "its biases");
    }
    if (!config.modulesToSave().isEmpty()) {
      found.put("modules_to_save", "its " + String.join(", ", config.modulesToSave()));
    }
    if (!config.targetParameters().isEmpty()) {
      found.put("target_parameters", "its deltas");
    }
    if (!config.trainableTokens().isEmpty()) {
      found.put("trainable_token_indices", "its rows");
    }
    return found;
  }
}

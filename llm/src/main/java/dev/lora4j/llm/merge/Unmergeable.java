package dev.lora4j.llm.merge;

import dev.lora4j.UserError;
import dev.lora4j.lora.config.BiasTraining;
import dev.lora4j.lora.config.LoraConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The refusal to unmerge adapters whose effect a subtraction can't undo. */
final class Unmergeable {
  private Unmergeable() {}

  static void refuse(Path adapter, LoraConfig config) {
    List<String> reasons = new ArrayList<>();
    if (config.dora()) {
      reasons.add("use_dora rescales every output");
    }
    if (!config.modulesToSave().isEmpty()) {
      reasons.add("modules_to_save replaces " + String.join(", ", config.modulesToSave()));
    }
    if (!config.trainableTokens().isEmpty()) {
      reasons.add("trainable_token_indices replaces rows of an embedding");
    }
    if (config.bias() != BiasTraining.NONE) {
      reasons.add("bias = " + config.bias().word() + " replaces biases");
    }
    if (config.initialization().takesFromBase()) {
      reasons.add(
          "init_lora_weights = " + config.initialization().word() + " needs the base itself");
    }
    if (!reasons.isEmpty()) {
      throw new UserError(
          "%s can't be subtracted from a merged model: %s. Use the base from before the merge"
              .formatted(adapter, String.join("; ", reasons)));
    }
  }
}

package dev.lora4j.models.training;

import dev.lora4j.lora.LoraConfig;
import dev.lora4j.models.text.Example;
import java.nio.file.Path;
import java.util.List;

/** Short runs of a small model, and what they learn. */
record SmallRun(Path directory) {
  static final List<Example> TRAIN = SmallModel.examples(21, 1);
  static final List<Example> VALID = SmallModel.examples(6, 2);
  static final Objective TEXTS = new CausalLmObjective(TRAIN, VALID);
  static final LoraConfig CONFIG = LoraConfig.rank(4).alpha(8);

  static TuningSettings settings() {
    return TuningSettings.of(1e-2).batching(Batching.of(4).maxTokens(40));
  }

  TuningRequest request(SmallModel model, Objective data, TuningSettings settings) {
    return TuningRequest.of(model.adapted, data, directory, settings).workers(2);
  }
}

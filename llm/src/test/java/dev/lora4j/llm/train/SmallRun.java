package dev.lora4j.llm.train;

import dev.lora4j.llm.dataset.Example;
import dev.lora4j.lora.config.LoraConfig;
import java.nio.file.Path;
import java.util.List;

/** Short runs of a small model, and their results. */
record SmallRun(Path directory) {
  static final List<Example> TRAIN = SmallModel.examples(21, 1);
  static final List<Example> VALID = SmallModel.examples(6, 2);
  static final Objective TEXTS = new CausalLmObjective(TRAIN, VALID);
  static final LoraConfig CONFIG = LoraConfig.rank(4).alpha(8);

  static TrainingArguments settings() {
    return TrainingArguments.of(1e-2).batching(BatchConfig.of(4).maxSeqLength(40));
  }

  TrainingJob request(SmallModel model, Objective data, TrainingArguments settings) {
    return TrainingJob.of(model.adapted, data, directory, settings).workers(2);
  }
}

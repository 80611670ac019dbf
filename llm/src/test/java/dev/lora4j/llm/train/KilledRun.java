package dev.lora4j.llm.train;

import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.train.EvalAndSavePolicy;
import dev.lora4j.train.Schedule;
import dev.lora4j.train.TrainingCallback;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;

/** A run in a separate process, to be killed; it prints each step. */
final class KilledRun {
  static final long STEPS = 120;

  private KilledRun() {}

  /** Arguments: the directory, and whether the run is resumed. */
  public static void main(String[] arguments) {
    LanguageModelTrainingResult result =
        run(
            Path.of(arguments[0]),
            Boolean.parseBoolean(arguments[1]),
            new TrainingCallback() {
              @Override
              public void onStep(Step step) {
                System.out.println("step " + step.number());
              }
            });
    System.out.printf(
        "end %s %s %d%n", result.trainLoss(), result.validLossAfter(), result.adapterStep());
  }

  static LanguageModelTrainingResult run(
      Path directory, boolean resumed, TrainingCallback listener) {
    TrainingArguments settings =
        TrainingArguments.of(3e-3)
            .steps(STEPS)
            .batching(BatchConfig.of(3).gradientAccumulationSteps(2).maxSeqLength(40).packing())
            .schedule(Schedule.cosine().warmUp(10))
            .pace(new EvalAndSavePolicy(20, 0, 3))
            .seed(11);
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama3", LoraConfig.rank(4).dropout(0.1))) {
      Objective data = new CausalLmObjective(SmallModel.examples(40, 1), SmallModel.examples(5, 2));
      TrainingJob request = TrainingJob.of(model.adapted, data, directory, settings).workers(2);
      return LanguageModelTrainer.run(resumed ? request.resumed() : request, listener);
    }
  }
}

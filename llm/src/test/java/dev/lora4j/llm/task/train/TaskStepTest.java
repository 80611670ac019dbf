package dev.lora4j.llm.task.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.TensorAssert;
import dev.lora4j.llm.dataset.TrainValidationSplit;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.task.LabelNames;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.TinyTask;
import dev.lora4j.llm.task.data.TaskExample;
import dev.lora4j.llm.task.model.TaskNetwork;
import dev.lora4j.llm.task.model.TaskNetworks;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.Gradients;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.AdapterTensors;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.train.Workers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The gradients of a step are PEFT's, and do not depend on the number of workers. */
class TaskStepTest {
  private static final double TOLERANCE = 1e-4;

  @TempDir Path directory;

  private static TaskNetwork network(TextTask task) {
    return TaskNetworks.load(ModelFiles.at(TinyTask.DIRECTORY), task, 3, WeightStorage.asStored());
  }

  private TaskJob job(
      LoraModel model, TaskNetwork network, TextTask task, TaskLoss loss, List<TaskExample> data) {
    TaskObjective objective =
        new TaskObjective(
            task, new LabelNames(List.of()), loss, new TrainValidationSplit<>(data, List.of()));
    TrainingArguments settings =
        TrainingArguments.of(1e-3).batching(BatchConfig.of(16)).maxGradNorm(1e9);
    return TaskJob.of(model, network, objective, directory, settings);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void gradientsOfAdapterAndHeadAreThoseOfPeft(int count) {
    try (TinyTask tiny = new TinyTask();
        PointerScope scope = new PointerScope();
        TaskNetwork network = network(TextTask.TEXT_CLASSIFICATION);
        Workers workers = new Workers(count);
        Gradients gradients = new Gradients()) {
      LoraModel model = Lora.base(network.module());
      model.load("default", TinyTask.ADAPTER);
      List<TaskExample> examples = new ArrayList<>();
      for (int i = 0; i < tiny.labels().size(); i++) {
        float[] target = {tiny.labels().get(i)};
        examples.add(new TaskExample(List.of(tiny.tokens(i)), target, ""));
      }
      TaskJob job =
          job(
              model,
              network,
              TextTask.TEXT_CLASSIFICATION,
              ClassificationLoss.unweighted(),
              examples);
      try (TaskStep step = new TaskStep(job, workers, gradients)) {

        TaskStep.Outcome outcome = step.take(1, examples);

        assertThat(outcome.loss())
            .isCloseTo(tiny.expected().read("loss").item_double(), within(1e-5));
        Map<String, Parameter> tensors = AdapterTensors.of(model, "default");
        tensors.forEach(
            (key, parameter) ->
                TensorAssert.assertThat(gradients.of(parameter))
                    .as(key)
                    .isCloseTo(tiny.expected().read("grad." + key), TOLERANCE));
        assertThat(tensors).containsKeys("classifier.weight", "classifier.bias");
      }
    }
  }

  private Tensor contrastiveGradient(int count, int batch) {
    try (PointerScope scope = new PointerScope();
        TaskNetwork network = network(TextTask.EMBEDDING);
        Workers workers = new Workers(count);
        Gradients gradients = new Gradients()) {
      Engine.seed(3);
      LoraModel model =
          Lora.adapt(
              network.module(),
              LoraConfig.rank(2).targets(Targets.named(List.of("query", "value", "dense"))));
      randomizeB(model);
      List<TaskExample> examples = new ArrayList<>();
      for (int i = 0; i < 7; i++) {
        examples.add(
            new TaskExample(
                List.of(
                    TokenSequence.of(2, 5 + i, 6, 3),
                    TokenSequence.of(2, 20 + i, 3),
                    TokenSequence.of(2, 9, 30 + i, 8, 7, 3)),
                new float[0],
                ""));
      }
      TaskJob job = job(model, network, TextTask.EMBEDDING, new ContrastiveLoss(20), examples);
      TaskJob sized =
          new TaskJob(
              model,
              "default",
              network,
              job.objective(),
              directory,
              job.settings().batching(BatchConfig.of(batch)),
              count,
              job.start());
      try (TaskStep step = new TaskStep(sized, workers, gradients)) {
        step.take(1, examples);
        return Ops.keep(gradients.last().clone());
      }
    }
  }

  private static void randomizeB(LoraModel model) {
    try (NoGradGuard guard = new NoGradGuard()) {
      for (Parameter parameter : model.parameters("default")) {
        parameter.value().normal_(0, 0.2, Ops.generator());
      }
    }
  }

  @Test
  void inBatchNegativesOfOtherWorkersCount() {
    Tensor alone = contrastiveGradient(1, 16);
    Tensor shared = contrastiveGradient(3, 16);
    Tensor accumulated = contrastiveGradient(1, 4);

    TensorAssert.assertThat(shared).isCloseTo(alone, 1e-5);
    assertThat(accumulated.sub(alone).abs().max().item_double())
        .isGreaterThan(1e-3); // smaller batches have fewer negatives
    List.of(alone, shared, accumulated).forEach(Tensor::deallocate);
  }
}

package dev.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lora4j.Mlp;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.data.Dataset;
import dev.lora4j.data.TensorDataset;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingRunTest {
  private static final List<String> NAMES = List.of("a", "b", "c");

  private final PointerScope scope = new PointerScope();
  private final Dataset data = examples();
  private final Path directory;

  TrainingRunTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @AfterEach
  void close() {
    scope.close();
  }

  /** 150 examples: more than one prefetched chunk of batches of 2. */
  private static Dataset examples() {
    Engine.seed(11);
    Tensor inputs = torch.randn(150, Mlp.IN);
    return TensorDataset.of(inputs, Ops.argmaxOfRows(inputs.narrow(1, 0, Mlp.CLASSES)));
  }

  private static Mlp network() {
    Engine.seed(5);
    return new Mlp();
  }

  private TrainingRun run(Mlp net, boolean resumed, boolean keepsBest, EvalAndSavePolicy policy) {
    return new TrainingRun(
        directory,
        resumed,
        settings(2),
        to -> save(net, to),
        Optional.of(() -> evaluate(net)),
        keepsBest,
        policy);
  }

  private static RunSettings settings(int seed) {
    return new RunSettings(JsonNodeFactory.instance.objectNode().put("seed", seed), Map.of());
  }

  private static void save(Mlp net, Path to) {
    SafetensorsWriter.write(to.resolve("adapter_model.safetensors"), net.stateDict(), Map.of());
    try {
      Files.writeString(to.resolve("adapter_config.json"), "{}");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private TrainingLoop.Evaluated evaluate(Mlp net) {
    try (Workers workers = new Workers(1)) {
      Accuracy accuracy = Accuracy.of(net, data, NAMES, workers);
      return new TrainingLoop.Evaluated(accuracy.loss(), Map.of("accuracy", accuracy.all()));
    }
  }

  private RunResult train(Mlp net, TrainingRun run, double rate, TrainingCallback callback) {
    try (Workers workers = new Workers(2);
        AdamW adamW = new AdamW(rate)) {
      return Trainer.of(net, adamW)
          .epochs(2)
          .batchSize(2)
          .seed(2)
          .callback(callback)
          .run(run, data, workers);
    }
  }

  private static TrainingCallback stopAfter(long steps) {
    long[] taken = new long[1];
    return new TrainingCallback() {
      @Override
      public void onStep(Step step) {
        taken[0] = step.number();
      }

      @Override
      public boolean wantsToStop() {
        return taken[0] == steps;
      }
    };
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 64, 65, 75, 76, 140}) // around chunks of 64 batches, epochs of 75
  void resumedRunHasTheBitsOfAnUninterruptedOne(int stop) {
    try (Mlp resumed = network();
        Mlp whole = network();
        Workers workers = new Workers(2);
        AdamW adamW = new AdamW(0.01)) {
      EvalAndSavePolicy policy = EvalAndSavePolicy.every(50);
      RunResult first = train(resumed, run(resumed, false, false, policy), 0.01, stopAfter(stop));
      RunResult second =
          train(resumed, run(resumed, true, false, policy), 0.01, TrainingCallback.NONE);
      TrainingResult expected =
          Trainer.of(whole, adamW).epochs(2).batchSize(2).seed(2).fit(data, workers);

      assertThat(first.end()).isEqualTo(RunResult.End.STOPPED);
      assertThat(second.end()).isEqualTo(RunResult.End.COMPLETE);
      assertThat(second.steps()).isEqualTo(expected.steps()).isEqualTo(150);
      TensorAssert.assertSameState(resumed.stateDict(), whole.stateDict());
      assertThat(resumed.isTraining()).isFalse();
    }
  }

  @Test
  void bestAdapterIsPublishedAndPatienceEndsTheRun() {
    List<TrainingCallback.Evaluation> evaluations = new ArrayList<>();
    TrainingCallback recorder =
        new TrainingCallback() {
          @Override
          public void onEvaluation(Evaluation evaluation) {
            evaluations.add(evaluation);
          }
        };
    try (Mlp net = network()) {
      RunResult result =
          train(net, run(net, false, true, EvalAndSavePolicy.every(1).patience(3)), 3, recorder);

      assertThat(result.end()).isEqualTo(RunResult.End.EARLY);
      assertThat(result.steps()).isEqualTo(result.adapterStep() + 3);
      assertThat(result.validLossAfter().getAsDouble())
          .isEqualTo(
              evaluations.stream()
                  .skip(1)
                  .mapToDouble(TrainingCallback.Evaluation::loss)
                  .min()
                  .orElseThrow());
      assertThat(evaluations.get(0).metrics()).containsOnlyKeys("accuracy");
    }
  }

  @Test
  void lastAdapterIsPublishedUnlessTheBestIsKept() {
    try (Mlp net = network()) {
      RunResult result =
          train(net, run(net, false, false, EvalAndSavePolicy.every(20)), 3, TrainingCallback.NONE);

      assertThat(result.adapterStep()).isEqualTo(150);
      assertThat(result.validLossAfter().getAsDouble()).isEqualTo(evaluate(net).loss());
    }
  }

  @Test
  void otherSettingsAndEarlyStoppingWithoutValidationAreRefused() {
    try (Mlp net = network()) {
      EvalAndSavePolicy policy = EvalAndSavePolicy.byEpoch();
      train(net, run(net, false, false, policy), 0.01, TrainingCallback.NONE);
      TrainingRun other =
          new TrainingRun(directory, true, settings(3), to -> {}, Optional.empty(), false, policy);

      assertThatThrownBy(() -> train(net, other, 0.01, TrainingCallback.NONE))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("seed: was 2, is now 3");
      assertThatThrownBy(() -> run(net, false, false, policy.patience(1)))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("early stopping needs validation examples");
    }
  }
}

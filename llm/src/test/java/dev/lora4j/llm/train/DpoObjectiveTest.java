package dev.lora4j.llm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.Fixture;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.GlobalBatch;
import dev.lora4j.llm.dataset.PreferencePair;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.Workers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Loss and gradients equal the formula; numbers by tools/dpo_fixtures.py. */
class DpoObjectiveTest {
  private static final double TOLERANCE = 1e-4; // as for all gradients of these models
  private static final int PAIRS = 4;

  private static List<PreferencePair> pairs(Fixture fixture) {
    List<PreferencePair> pairs = new ArrayList<>();
    for (int i = 0; i < PAIRS; i++) {
      pairs.add(
          new PreferencePair(
              answer(fixture, "pair" + i + ".chosen"), answer(fixture, "pair" + i + ".rejected")));
    }
    return pairs;
  }

  static Example answer(Fixture fixture, String name) {
    int[] tokens = Arrays.stream(Ops.longs(fixture.tensor(name))).mapToInt(t -> (int) t).toArray();
    long[] marks = Ops.longs(fixture.tensor(name + ".loss"));
    boolean[] loss = new boolean[marks.length];
    for (int i = 0; i < loss.length; i++) {
      loss[i] = marks[i] != 0;
    }
    return Example.of(tokens, loss);
  }

  @ParameterizedTest
  @CsvSource({
    "llama3, 4, 1, false",
    "llama3, 1, 1, true",
    "llama3, 2, 3, false",
    "gpt2, 4, 1, false",
    "gemma2, 4, 2, false"
  })
  void lossAndGradientsAreTheFormulas(String family, int batch, int workers, boolean recompute) {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.withPeftsAdapter(family)) {
      Fixture fixture = Fixture.read("llm/" + family + "/preferences.safetensors");
      Objective data = new DpoObjective(pairs(fixture), List.of(), 0.3);
      BatchConfig batching = new BatchConfig(batch, PAIRS / batch, 64, false, recompute);
      TrainingJob request =
          TrainingJob.of(
                  model.adapted,
                  data,
                  Path.of("not-written"),
                  TrainingArguments.of(1).batching(batching).maxGradNorm(1e9))
              .workers(workers);
      Objective objective = request.objective();
      try (Workers group = new Workers(workers);
          Gradients gradients = new Gradients();
          TrainStep step = new TrainStep(request, objective, group, gradients)) {
        GlobalBatch window = objective.steps(request.settings()).epoch(0).get(0);
        TrainStep.Outcome outcome = step.take(1, window);

        double expected = fixture.tensor("losses").sum().item_double();
        assertThat(outcome.units()).isEqualTo(PAIRS);
        assertThat(outcome.loss()).isCloseTo(expected, within(TOLERANCE));
        assertThat(step.evaluate(List.of(window)).loss())
            .isCloseTo(expected / PAIRS, within(TOLERANCE));
        trainedByKey(model)
            .forEach(
                (key, parameter) ->
                    fixture.check("grad." + key, gradients.of(parameter), TOLERANCE));
      }
    }
  }

  static Map<String, Parameter> trainedByKey(SmallModel model) {
    Map<String, Parameter> byKey = new HashMap<>();
    model
        .network()
        .namedParameters()
        .forEach(
            (path, parameter) -> {
              if (parameter.isTrainable()) {
                String key = path.replace(".A.", ".lora_A.").replace(".B.", ".lora_B.");
                byKey.put("base_model.model." + key, parameter);
              }
            });
    assertThat(byKey).isNotEmpty();
    return byKey;
  }

  @Test
  void withoutAnyChangeTheLossIsLogTwo() {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("gpt2", LoraConfig.rank(2).dropout(0.5))) {
      Fixture fixture = Fixture.read("llm/gpt2/preferences.safetensors");
      Objective data = new DpoObjective(pairs(fixture), List.of(), 0.1);
      TrainingJob request =
          TrainingJob.of(model.adapted, data, Path.of("not-written"), TrainingArguments.of(1));
      Objective objective = request.objective();
      try (Workers group = new Workers(1);
          Gradients gradients = new Gradients();
          TrainStep step = new TrainStep(request, objective, group, gradients)) {
        assertThat(step.evaluate(objective.steps(request.settings()).epoch(0)).loss())
            .isCloseTo(Math.log(2), within(1e-9));
      }
    }
  }
}

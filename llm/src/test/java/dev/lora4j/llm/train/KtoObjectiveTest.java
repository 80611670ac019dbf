package dev.lora4j.llm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.DataFormat;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.ExampleGroups;
import dev.lora4j.llm.dataset.ExampleOptions;
import dev.lora4j.llm.dataset.GlobalBatch;
import dev.lora4j.llm.dataset.StandardFormat;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.dataset.TextFixture;
import dev.lora4j.llm.dataset.TrainValidationSplit;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.train.TrainingLoop;
import dev.lora4j.train.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Loss, metrics and gradients equal those of TRL; numbers by tools/kto_fixtures.py. */
class KtoObjectiveTest {
  private static final double TOLERANCE = 1e-4; // as for all gradients of these models
  private static final int EXAMPLES = 6;

  private final Path directory;

  KtoObjectiveTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private static List<Example> examples(Fixture fixture) {
    return IntStream.range(0, EXAMPLES)
        .mapToObj(
            i ->
                DpoObjectiveTest.answer(fixture, "example" + i)
                    .withScore(fixture.tensor("example" + i + ".label").item_long()))
        .toList();
  }

  @ParameterizedTest
  @CsvSource({
    "llama3, 6, 1, false",
    "llama3, 6, 3, true",
    "llama3, 3, 2, false",
    "gpt2, 6, 2, false",
    "gpt2, 3, 1, true",
    "gemma2, 6, 2, false"
  })
  void lossMetricsAndGradientsEqualTrls(String family, int batch, int workers, boolean recompute) {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.withPeftsAdapter(family)) {
      Fixture fixture = Fixture.read("llm/" + family + "/labelled.safetensors");
      Objective objective = new KtoObjective(groups(examples(fixture)), 0.3, 1.25, 0.75);
      BatchConfig batching = new BatchConfig(batch, EXAMPLES / batch, 64, false, recompute);
      TrainingJob request =
          TrainingJob.of(
                  model.adapted,
                  objective,
                  Path.of("not-written"),
                  TrainingArguments.of(1).batching(batching).maxGradNorm(1e9))
              .workers(workers);
      try (Workers group = new Workers(workers);
          Gradients gradients = new Gradients();
          TrainStep step = new TrainStep(request, objective, group, gradients)) {
        GlobalBatch window =
            new GlobalBatch(objective.groups().train()); // the pairs follow from the order
        TrainingLoop.Evaluated evaluated = step.evaluate(window.batches(batch));
        TrainStep.Outcome outcome = step.take(1, window);

        String prefix = "batch" + batch + ".";
        double expected = fixture.tensor(prefix + "loss").item_double();
        assertThat(outcome.units()).isEqualTo(EXAMPLES);
        assertThat(outcome.loss() / EXAMPLES).isCloseTo(expected, within(TOLERANCE));
        assertThat(evaluated.loss()).isCloseTo(expected, within(TOLERANCE));
        assertThat(evaluated.metrics().get("kl"))
            .isCloseTo(mean(fixture, prefix + "kl"), within(TOLERANCE));
        if (batch == EXAMPLES) { // TRL takes the mean over batches, not over examples
          for (String kind : List.of("chosen", "rejected")) {
            assertThat(evaluated.metrics().get("rewards_" + kind))
                .isCloseTo(mean(fixture, prefix + "rewards/" + kind), within(TOLERANCE));
          }
        }
        DpoObjectiveTest.trainedByKey(model)
            .forEach(
                (key, parameter) ->
                    fixture.check(prefix + "grad." + key, gradients.of(parameter), TOLERANCE));
      }
    }
  }

  private static double mean(Fixture fixture, String name) {
    return fixture.tensor(name).mean().item_double();
  }

  @Test
  void eachPromptGetsTheCompletionBeforeItsOwn() {
    Example one = example(0, 1, 2, 30, 31);
    Example two = example(1, 5, 40);
    Example three = example(0, 6, 7, 8, 50);
    KtoObjective objective = new KtoObjective(groups(List.of(one, two, three)), 0.1, 1, 1);
    List<Example> mismatched =
        objective.baselineExamples(new GlobalBatch(objective.groups().train()), 4);
    assertThat(mismatched)
        .containsExactly(example(0, 1, 2, 50), example(0, 5, 30, 31), example(0, 6, 7, 8, 40));
    assertThat(objective.baselineExamples(new GlobalBatch(objective.groups().train()), 2).get(1))
        .as("truncated at the end")
        .isEqualTo(example(0, 5, 30));
  }

  /** Tokens from 30 on are the completion. */
  private static Example example(double score, int... tokens) {
    boolean[] loss = new boolean[tokens.length];
    for (int i = 0; i < loss.length; i++) {
      loss[i] = tokens[i] >= 30;
    }
    return Example.of(tokens, loss).withScore(score);
  }

  @Test
  void labelledRowsBecomeExamplesWithScores() throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("a.jsonl"),
            """
            {"prompt": "The", "completion": " dog", "label": true}
            {"prompt": "The", "completion": " fox", "label": false}
            """);
    TextData data = TextData.open(file);
    assertThat(data.form()).isEqualTo(new LabeledFormat());
    assertThat(ObjectiveProvider.of(data.form()).name()).isEqualTo("kto");
    assertThat(data.readAs(StandardFormat.TEXTS).form()).isEqualTo(StandardFormat.COMPLETION);
    try (Tokenizer tokenizer = TextFixture.tokenizer("gpt2")) {
      ExampleGroups made = ExampleGroups.of(data, tokenizer, ExampleOptions.ofLength(64));
      assertThat(made.examples().stream().map(Example::score)).containsExactly(1.0, 0.0);
      assertThat(tokenizer.decode(made.examples().get(1).tokens())).startsWith("The fox");
    }
  }

  @Test
  void aLabelThatIsNoBooleanIsNamed() throws IOException {
    Path file =
        Files.writeString(directory.resolve("a.csv"), "prompt,completion,label\na,b,True\na,b,x\n");
    TextData data = TextData.open(file);
    assertThatThrownBy(data::rows)
        .isInstanceOf(UserError.class)
        .hasMessageContaining("row 2: label: expected true or false, found \"x\"");
  }

  @Test
  void aBatchOfOneIsRefused() {
    Objective objective = new KtoObjective(groups(List.of(example(1, 1, 30))), 0.1, 1, 1);
    assertThatThrownBy(() -> objective.check(BatchConfig.of(1)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("batch size of at least 2");
    assertThatThrownBy(() -> objective.check(BatchConfig.of(2).packing()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("switch packing off");
  }

  @Test
  void unknownNamesAreAnsweredWithTheNearest() {
    assertThatThrownBy(() -> ObjectiveProvider.named("kt0"))
        .isInstanceOf(UserError.class)
        .hasMessage("no objective 'kt0'; known are sft, dpo, kto; did you mean kto?");
    assertThatThrownBy(
            () -> ObjectiveProvider.named("kto").parameters(Map.of("desirable_wight", 1.)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("did you mean desirable_weight");
    assertThat(DataFormat.all()).contains(new LabeledFormat());
  }

  private static TrainValidationSplit<List<Example>> groups(List<Example> examples) {
    return new TrainValidationSplit<>(examples, List.<Example>of()).map(List::of);
  }
}

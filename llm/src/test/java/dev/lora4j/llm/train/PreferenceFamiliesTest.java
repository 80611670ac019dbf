package dev.lora4j.llm.train;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.TensorAssert;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.GlobalBatch;
import dev.lora4j.llm.dataset.PreferencePair;
import dev.lora4j.llm.dataset.TrainValidationSplit;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.Workers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * DPO and KTO of every family: loss and gradients of a training step, which packs texts and takes
 * its logits in chunks, equal those of the formulas on each text's whole logits by autograd.
 */
class PreferenceFamiliesTest {
  private static final double TOLERANCE = 1e-4; // as for all gradients of these models
  private static final double BETA = 0.3;
  private static final double DESIRABLE = 1.25;
  private static final double UNDESIRABLE = 0.75;
  private static final int VOCABULARY = 96;
  private static final int[][] LENGTHS = {{4, 9, 6}, {3, 5, 11}, {7, 12, 10}};

  /** Loss, and the gradients by the paths of their parameters. */
  private record Result(double loss, Map<String, Tensor> gradients) {}

  private static List<Example> answers(int... lengths) {
    SplittableRandom random = new SplittableRandom(lengths[1]);
    int[] prompt = random.ints(lengths[0], 3, VOCABULARY).toArray();
    List<Example> answers = new ArrayList<>();
    for (int k = 1; k < lengths.length; k++) {
      int[] tokens = random.ints(lengths[k], 3, VOCABULARY).toArray();
      System.arraycopy(prompt, 0, tokens, 0, prompt.length);
      boolean[] loss = new boolean[tokens.length];
      for (int i = prompt.length; i < loss.length; i++) {
        loss[i] = true;
      }
      answers.add(Example.of(tokens, loss));
    }
    return answers;
  }

  // ---- the formulas ----

  private static Tensor logProbability(SmallModel model, Example example) {
    int[] tokens = example.tokens();
    long predicted = tokens.length - 1L;
    long[] ids = new long[tokens.length];
    float[] learned = new float[tokens.length - 1];
    for (int i = 0; i < tokens.length; i++) {
      ids[i] = tokens[i];
      if (i > 0) {
        learned[i - 1] = example.loss()[i] ? 1 : 0;
      }
    }
    Tensor row = Ops.tensor(ids).view(1, tokens.length);
    Tensor logits = model.network().forward(row).select(0, 0).narrow(0, 0, predicted);
    Tensor next = row.select(0, 0).narrow(0, 1, predicted).unsqueeze(1);
    Tensor ofTokens = logits.log_softmax(1).gather(1, next).select(1, 0);
    return ofTokens.mul(Ops.tensor(learned, predicted)).sum();
  }

  /** {@code log π − log ref}. */
  private static Tensor logRatio(SmallModel model, Example example) {
    Tensor reference;
    try (NoGradGuard guard = new NoGradGuard();
        AdapterScope none = model.adapted.disabled()) {
      reference = logProbability(model, example);
    }
    return logProbability(model, example).sub(reference);
  }

  private static Tensor sigmoid(Tensor x, double factor) {
    return x.mul(new Scalar(factor)).sigmoid();
  }

  private static Result byFormula(SmallModel model, List<Tensor> losses) {
    Tensor sum = losses.get(0);
    for (Tensor loss : losses.subList(1, losses.size())) {
      sum = sum.add(loss);
    }
    sum.div(new Scalar((double) losses.size())).backward();
    Map<String, Tensor> gradients = new LinkedHashMap<>();
    trained(model).forEach((path, parameter) -> gradients.put(path, parameter.value().grad()));
    return new Result(sum.item_double(), gradients);
  }

  private static Map<String, Parameter> trained(SmallModel model) {
    Map<String, Parameter> trained = new LinkedHashMap<>();
    model
        .network()
        .namedParameters()
        .forEach(
            (path, parameter) -> {
              if (parameter.isTrainable()) {
                trained.put(path, parameter);
              }
            });
    return trained;
  }

  // ---- a training step ----

  private static void check(String family, Objective objective, int examples, Result expected) {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.withPeftsAdapter(family)) {
      TrainingArguments arguments =
          TrainingArguments.of(1)
              .batching(new BatchConfig(examples, 1, 64, false, false))
              .maxGradNorm(1e9);
      TrainingJob job =
          TrainingJob.of(model.adapted, objective, Path.of("not-written"), arguments).workers(2);
      try (Workers group = new Workers(2);
          Gradients gradients = new Gradients();
          TrainStep step = new TrainStep(job, objective, group, gradients)) {
        GlobalBatch window = new GlobalBatch(objective.groups().train());
        TrainStep.Outcome outcome = step.take(1, window);

        assertThat(outcome.loss()).isCloseTo(expected.loss(), within(TOLERANCE));
        assertThat(trained(model).keySet()).isEqualTo(expected.gradients().keySet());
        trained(model)
            .forEach(
                (path, parameter) ->
                    TensorAssert.assertThat(gradients.of(parameter))
                        .as(path)
                        .isCloseTo(requireNonNull(expected.gradients().get(path)), TOLERANCE));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.lora4j.llm.model.SavedFamilies#all")
  void directPreferenceOptimisationIsTheFormula(String family) {
    List<PreferencePair> pairs = new ArrayList<>();
    for (int[] lengths : LENGTHS) {
      List<Example> two = answers(lengths);
      pairs.add(new PreferencePair(two.get(0), two.get(1)));
    }
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.withPeftsAdapter(family)) {
      List<Tensor> losses = new ArrayList<>();
      for (PreferencePair pair : pairs) {
        Tensor margin = logRatio(model, pair.chosen()).sub(logRatio(model, pair.rejected()));
        losses.add(sigmoid(margin, BETA).log().neg());
      }
      Result expected = byFormula(model, losses);

      check(family, new DpoObjective(pairs, List.of(), BETA), pairs.size(), expected);
    }
  }

  @ParameterizedTest
  @MethodSource("dev.lora4j.llm.model.SavedFamilies#all")
  void kahnemanTverskyOptimisationIsTheFormula(String family) {
    List<List<Example>> examples = new ArrayList<>();
    for (int[] lengths : LENGTHS) {
      Example example = answers(lengths).get(0);
      examples.add(List.of(example.withScore(examples.size() % 2)));
    }
    KtoObjective objective =
        new KtoObjective(
            new TrainValidationSplit<>(examples, List.of()), BETA, DESIRABLE, UNDESIRABLE);
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.withPeftsAdapter(family)) {
      double divergence = 0;
      try (NoGradGuard guard = new NoGradGuard()) {
        for (Example one : objective.baselineExamples(new GlobalBatch(examples), 64)) {
          divergence += logRatio(model, one).item_double() / examples.size();
        }
      }
      Scalar estimate = new Scalar(Math.max(0, divergence));
      List<Tensor> losses = new ArrayList<>();
      for (List<Example> one : examples) {
        boolean desirable = one.get(0).score() > 0;
        Tensor gain = logRatio(model, one.get(0)).sub(estimate);
        Tensor value = sigmoid(gain, desirable ? BETA : -BETA);
        Tensor loss = value.neg().add(new Scalar(1.0));
        losses.add(loss.mul(new Scalar(desirable ? DESIRABLE : UNDESIRABLE)));
      }
      Result expected = byFormula(model, losses);

      check(family, objective, examples.size(), expected);
    }
  }
}

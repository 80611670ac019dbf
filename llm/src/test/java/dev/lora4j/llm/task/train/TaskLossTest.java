package dev.lora4j.llm.task.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.TensorAssert;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.task.data.TaskExample;
import dev.lora4j.nn.kernel.Ops;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Compares with sentence-transformers and PyTorch, on {@code tools/task_fixtures.py}. */
class TaskLossTest {
  private static final double TOLERANCE = 1e-5;

  private final PointerScope scope = new PointerScope();
  private final SafetensorsFile expected =
      SafetensorsFile.open(Path.of("src/test/resources/fixtures/task/losses.safetensors"));

  @AfterEach
  void close() {
    expected.close();
    scope.close();
  }

  /** Examples of distinct texts, as many of each as the rows of vectors. */
  private List<TaskExample> examples(String name, float[] scores) {
    Tensor vectors = expected.read(name + ".vectors"); // [examples, texts, dimensions]
    List<TaskExample> examples = new ArrayList<>();
    for (int i = 0; i < vectors.size(0); i++) {
      List<TokenSequence> texts = new ArrayList<>();
      for (int text = 0; text < vectors.size(1); text++) {
        texts.add(TokenSequence.of(i, text));
      }
      float[] target = scores.length == 0 ? new float[0] : new float[] {scores[i]};
      examples.add(new TaskExample(texts, target, ""));
    }
    return examples;
  }

  private void check(String name, TaskLoss loss, List<TaskExample> examples, Tensor outputs) {
    outputs.set_requires_grad(true);

    Tensor mean = loss.sum(outputs, examples).div(new Scalar(loss.normalizer(examples)));
    mean.backward();

    assertThat(mean.item_double())
        .isCloseTo(expected.read(name + ".loss").item_double(), within(TOLERANCE));
    Tensor grads = expected.read(name + ".grads");
    TensorAssert.assertThat(outputs.grad())
        .isCloseTo(grads.reshape(outputs.grad().sizes()), TOLERANCE);
  }

  private void checkVectors(String name, TaskLoss loss, float... scores) {
    Tensor vectors = expected.read(name + ".vectors");
    check(name, loss, examples(name, scores), vectors.reshape(-1, vectors.size(2)).clone());
  }

  @Test
  void inBatchNegativesGiveTheMultipleNegativesRankingLoss() {
    checkVectors("contrastive", new ContrastiveLoss(20));
  }

  @Test
  void givenNegativesAreNegativesOfEveryAnchor() {
    checkVectors("negatives", new ContrastiveLoss(10));
  }

  @Test
  void tripletsGiveTheTripletLoss() {
    checkVectors("triplet", new TripletLoss(5));
  }

  @Test
  void scoredPairsGiveTheCosineSimilarityLoss() {
    checkVectors("cosine", new CosineLoss(), Ops.floats(expected.read("cosine.scores")));
  }

  @Test
  void weightedClassesGiveTheWeightedMean() {
    List<TaskExample> examples = new ArrayList<>();
    for (long target : Ops.longs(expected.read("weighted.targets"))) {
      examples.add(new TaskExample(List.of(TokenSequence.of(1)), new float[] {target}, ""));
    }

    check(
        "weighted",
        new ClassificationLoss(Ops.floats(expected.read("weighted.weights"))),
        examples,
        expected.read("weighted.logits").clone());
  }

  @Test
  void severalLabelsGiveTheBinaryCrossEntropy() {
    float[] flags = Ops.floats(expected.read("binary.targets"));
    List<TaskExample> examples = new ArrayList<>();
    for (int i = 0; i < flags.length; i += 4) {
      float[] own = Arrays.copyOfRange(flags, i, i + 4);
      examples.add(new TaskExample(List.of(TokenSequence.of(1)), own, ""));
    }

    check("binary", new BinaryLoss(), examples, expected.read("weighted.logits").clone());
  }

  @Test
  void aCopyOfThePositiveIsNoNegative() {
    TokenSequence same = TokenSequence.of(7);
    List<TaskExample> copies =
        List.of(
            new TaskExample(List.of(TokenSequence.of(1), same), new float[0], ""),
            new TaskExample(List.of(TokenSequence.of(2), same), new float[0], ""));
    Tensor outputs = Ops.tensor(new float[] {1, 0, 0, 1, 1, 1, 0, 1}, 4, 2);

    double loss = new ContrastiveLoss(20).sum(outputs, copies).item_double();

    assertThat(loss).isCloseTo(0, within(1e-6));
  }

  @Test
  void ignoredTokensHaveNoLoss() {
    List<TaskExample> examples =
        List.of(
            new TaskExample(
                List.of(TokenSequence.of(1, 2, 3)),
                new float[] {TaskExample.IGNORED, 1, TaskExample.IGNORED},
                ""));
    Tensor outputs = Ops.tensor(new float[] {9, -9, 0, 0, -9, 9}, 3, 2);
    ClassificationLoss loss = ClassificationLoss.unweighted();

    assertThat(loss.sum(outputs, examples).item_double()).isCloseTo(Math.log(2), within(1e-6));
    assertThat(loss.normalizer(examples)).isEqualTo(1);
  }

  @Test
  void balancedWeightsGiveEachClassTheSamePart() {
    List<TaskExample> train = new ArrayList<>();
    for (int label : new int[] {0, 0, 0, 1}) {
      train.add(new TaskExample(List.of(TokenSequence.of(1)), new float[] {label}, ""));
    }

    ClassificationLoss loss = ClassificationLoss.balanced(train, 3);

    assertThat(loss.weights()).containsExactly(new float[] {4f / 9, 4f / 3, 1}, within(1e-6f));
  }
}

package dev.lora4j.llm.task.train;

import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.task.data.TaskExample;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Contrastive loss with in-batch negatives (InfoNCE; van den Oord et al. 2018, arXiv:1807.03748,
 * eq. 4): the cross-entropy of each anchor's positive among the positives and given negatives of
 * the whole batch, with scores {@code scale · cos}. It is sentence-transformers' {@code
 * MultipleNegativesRankingLoss}; in addition, a text equal to the anchor's own positive, which
 * would be a false negative, is left out.
 *
 * @param scale the reciprocal of the temperature; usually 20
 */
public record ContrastiveLoss(double scale) implements TaskLoss {
  static final String SCALE = "scale";
  static final double DEFAULT_SCALE = 20;
  private static final double EXCLUDED = -1e9;

  @Override
  public String name() {
    return "contrastive";
  }

  @Override
  public Tensor sum(Tensor outputs, List<TaskExample> examples) {
    Tensor vectors = LossTensors.normalized(outputs);
    long[] anchors = LossTensors.rowsOf(examples, 0);
    long[] candidates = candidates(examples);
    Tensor scores =
        vectors
            .index_select(0, LossTensors.indices(anchors, outputs))
            .mm(vectors.index_select(0, LossTensors.indices(candidates, outputs)).t())
            .mul(new Scalar(scale)); // [anchors, candidates]
    Tensor allowed = scores.add(excluded(examples).to(outputs.device(), outputs.scalar_type()));
    long[] own = LongStream.range(0, anchors.length).toArray(); // the positives come first
    return LossTensors.crossEntropies(allowed, LossTensors.indices(own, outputs)).sum();
  }

  /** Rows of all positives, then of all negatives. */
  private static long[] candidates(List<TaskExample> examples) {
    List<Long> rows = new ArrayList<>();
    for (long positive : LossTensors.rowsOf(examples, 1)) {
      rows.add(positive);
    }
    long from = 0;
    for (TaskExample example : examples) {
      for (int text = 2; text < example.texts().size(); text++) {
        rows.add(from + text);
      }
      from += example.texts().size();
    }
    return rows.stream().mapToLong(Long::longValue).toArray();
  }

  /** A large negative score for other candidates that equal an anchor's positive, else 0. */
  private static Tensor excluded(List<TaskExample> examples) {
    List<TokenSequence> candidates = new ArrayList<>();
    examples.forEach(example -> candidates.add(example.texts().get(1)));
    examples.forEach(
        example -> candidates.addAll(example.texts().subList(2, example.texts().size())));
    float[] scores = new float[examples.size() * candidates.size()];
    for (int i = 0; i < examples.size(); i++) {
      TokenSequence positive = examples.get(i).texts().get(1);
      for (int j = 0; j < candidates.size(); j++) {
        boolean isCopy = j != i && candidates.get(j).equals(positive);
        scores[i * candidates.size() + j] = isCopy ? (float) EXCLUDED : 0;
      }
    }
    return Ops.tensor(scores, examples.size(), candidates.size());
  }

  @Override
  public boolean comparesExamples() {
    return true;
  }

  @Override
  public double normalizer(List<TaskExample> examples) {
    return examples.size();
  }

  @Override
  public Map<String, String> settings() {
    return Map.of("objective", name(), SCALE, Double.toString(scale));
  }
}

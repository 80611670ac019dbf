package dev.lora4j.serve.engine;

import dev.lora4j.llm.constrain.ConstrainedText;
import dev.lora4j.llm.generate.Sampler;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Picks the tokens of one completion. */
final class TokenPicker {
  private final GenerationRequest request;
  private final TokenChoice choice;
  private final Sampler sampler;
  private final Optional<ConstrainedText> constrained;
  private final List<Long> text;
  private final Map<Long, Integer> counts = new HashMap<>();

  TokenPicker(GenerationRequest request) {
    this.request = request;
    choice = request.choice();
    constrained = request.constraint().map(grammar -> grammar.begin(request.stopTokens()));
    sampler = new Sampler(choice.sampling());
    text = new ArrayList<>(request.prompt());
  }

  /** Returns whether a constrained text is complete, and nothing can follow. */
  boolean isFinished() {
    return constrained.map(ConstrainedText::isFinished).orElse(false);
  }

  /**
   * Picks the next token. Log-probabilities are those of the model, before a constraint and before
   * stop tokens are excluded.
   *
   * @param logits {@code [vocabulary]}, which may be changed
   */
  GeneratedToken next(Tensor logits) {
    Tensor adjusted = adjusted(logits);
    Tensor possible = constrained.map(now -> now.mask(adjusted)).orElse(adjusted);
    long token = sampler.next(mayStop() ? possible : withoutStops(possible), text);
    constrained.ifPresent(now -> now.add(token));
    text.add(token);
    counts.merge(token, 1, Integer::sum);
    return choice.topLogProbs() < 0
        ? new GeneratedToken(token, Double.NaN, List.of())
        : withLogProbs(token, adjusted);
  }

  private boolean mayStop() {
    return text.size() - request.prompt().size() >= request.minTokens();
  }

  private Tensor withoutStops(Tensor logits) {
    long size = logits.numel();
    long[] stops =
        request.stopTokens().stream().mapToLong(Long::longValue).filter(id -> id < size).toArray();
    return stops.length == 0
        ? logits
        : logits.index_fill(0, Ops.tensor(stops), new Scalar(Double.NEGATIVE_INFINITY));
  }

  private Tensor adjusted(Tensor logits) {
    Map<Long, Double> changes = new HashMap<>();
    choice.bias().forEach((token, bias) -> changes.put((long) token, bias));
    if (choice.presencePenalty() != 0 || choice.frequencyPenalty() != 0) {
      counts.forEach(
          (token, count) ->
              changes.merge(
                  token,
                  -choice.presencePenalty() - count * choice.frequencyPenalty(),
                  Double::sum));
    }
    if (changes.isEmpty()) {
      return logits;
    }
    long[] tokens = changes.keySet().stream().mapToLong(Long::longValue).toArray();
    float[] values = new float[tokens.length];
    for (int i = 0; i < tokens.length; i++) {
      values[i] = changes.getOrDefault(tokens[i], 0.0).floatValue();
    }
    return logits.index_add(0, Ops.tensor(tokens), Ops.tensor(values, values.length));
  }

  private GeneratedToken withLogProbs(long token, Tensor logits) {
    Tensor logProbs = logits.log_softmax(0);
    double own = logProbs.select(0, token).item_double();
    List<GeneratedToken.LogProb> top = new ArrayList<>();
    if (choice.topLogProbs() > 0) {
      T_TensorTensor_T most = torch.topk(logProbs, choice.topLogProbs());
      float[] values = Ops.floats(most.get0());
      long[] ids = Ops.longs(most.get1());
      for (int i = 0; i < ids.length; i++) {
        top.add(new GeneratedToken.LogProb(ids[i], values[i]));
      }
    }
    return new GeneratedToken(token, own, top);
  }
}

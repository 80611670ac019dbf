package dev.lora4j.serve.engine;

import dev.lora4j.llm.decode.BatchDecoder;
import dev.lora4j.llm.decode.KvSequence;
import dev.lora4j.llm.generate.FinishReason;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** A completion that the scheduler works on: first its prompt, then token by token. */
final class RunningSequence {
  private final GenerationRequest request;
  private final KvSequence cache;
  private final TokenPicker picker;
  private final int maxPositions;
  private long last;
  private int generated;

  RunningSequence(GenerationRequest request, KvSequence cache, int maxPositions) {
    this.request = request;
    this.cache = cache;
    this.maxPositions = maxPositions;
    picker = new TokenPicker(request);
  }

  GenerationRequest request() {
    return request;
  }

  AdapterVersion version() {
    return request.adapter().version();
  }

  KvSequence cache() {
    return cache;
  }

  long last() {
    return last;
  }

  /** The weights of a batch; empty if batched decoding does not support the adapter. */
  Optional<BatchDecoder.Adapted> weights() {
    return version().weights();
  }

  /** Returns the next tokens to compute: at most {@code most} of the prompt, else the last one. */
  List<Long> nextTokens(int most) {
    return cache.isPrefilling() ? cache.nextOfPrompt(most) : List.of(last);
  }

  /**
   * Takes the next token.
   *
   * @param logits {@code [vocabulary]}
   * @return the reason why the completion has ended; empty if it continues
   */
  Optional<FinishReason> take(Tensor logits) {
    GeneratedToken token = picker.next(logits);
    last = token.id();
    generated++;
    boolean goesOn = request.listener().onToken(token);
    if (request.stopTokens().contains(last)) {
      return Optional.of(FinishReason.STOP_TOKEN);
    }
    if (!goesOn) {
      return Optional.of(FinishReason.INTERRUPTED);
    }
    if (picker.isFinished()) {
      return Optional.of(FinishReason.COMPLETE);
    }
    if (generated >= request.maxTokens()) {
      return Optional.of(FinishReason.LENGTH);
    }
    return request.prompt().size() + generated >= maxPositions
        ? Optional.of(FinishReason.MAX_POSITIONS)
        : Optional.empty();
  }

  void close() {
    cache.close();
    request.adapter().close();
  }
}

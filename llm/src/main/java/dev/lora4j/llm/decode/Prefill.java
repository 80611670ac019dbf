package dev.lora4j.llm.decode;

import static java.util.Objects.requireNonNull;

import dev.lora4j.llm.model.AttentionContext;
import dev.lora4j.llm.model.KeyValueCache;
import dev.lora4j.llm.model.KeyValueStore;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.LayerwiseForward;
import dev.lora4j.llm.model.TokenBatch;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.quant.CompactWeights;
import dev.lora4j.nn.runtime.Bfloat16Products;
import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.TeamBarrier;
import dev.lora4j.nn.runtime.ThreadTeam;
import java.util.concurrent.atomic.AtomicReference;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** Prefill: runs a prompt through a model and fills the KV cache, without recording gradients. */
public final class Prefill {
  private Prefill() {}

  /**
   * Appends a text's next tokens to the KV cache. The calling thread's team shares the work, each
   * thread with a chunk of the tokens.
   *
   * @param ids at least one
   * @param cache of one row
   * @return final hidden state of the last token, {@code [1, hidden]}
   */
  public static Tensor read(LanguageModel model, long[] ids, KeyValueCache cache) {
    return Bfloat16Products.allow(() -> readOneRow(model, ids, cache));
  }

  private static Tensor readOneRow(LanguageModel model, long[] ids, KeyValueCache cache) {
    int chunks = chunks(model, ids.length);
    return chunks < 2 ? readAlone(model, ids, cache) : readInChunks(model, ids, cache, chunks);
  }

  /**
   * Returns the number of chunks. Compact weights are dequantised once for a prompt that is not
   * long, by all threads, instead of once by each.
   */
  private static int chunks(LanguageModel model, int tokens) {
    int chunks = Math.min(ThreadTeam.threads(), tokens / CostModel.PREFILL_MIN_TOKENS);
    if (chunks < 2 || !model.device().is_cpu()) {
      return 1;
    }
    return tokens <= CostModel.SHARED_TILES_MAX_TOKENS && hasCompactWeights(model) ? 1 : chunks;
  }

  private static boolean hasCompactWeights(LanguageModel model) {
    return model.namedModules().values().stream()
        .anyMatch(
            module ->
                module instanceof WeightedLayer layer && layer.store() instanceof CompactWeights);
  }

  private static Tensor readAlone(LanguageModel model, long[] ids, KeyValueCache cache) {
    try (NoGradGuard guard = new NoGradGuard()) {
      Tensor all = Ops.tensor(ids).view(1, ids.length).to(model.device(), ScalarType.Long);
      Tensor last =
          last(model, TokenBatch.of(all), AttentionContext.continuing(TokenBatch.of(all), cache));
      cache.advance(ids.length);
      return last;
    }
  }

  /** Appends the next tokens of a sequence in blocks; otherwise as {@link #read}. */
  static Tensor read(LanguageModel model, long[] ids, KvSequence sequence) {
    int chunks = chunks(model, ids.length);
    return Bfloat16Products.allow(
        () ->
            chunks < 2
                ? readInOneChunk(model, ids, sequence)
                : readInChunks(model, ids, sequence, chunks));
  }

  private static Tensor readInChunks(
      LanguageModel model, long[] ids, KeyValueStore cache, int chunks) {
    PipelinedPrefill prompt = new PipelinedPrefill(cache, ids.length, chunks);
    AtomicReference<@Nullable Tensor> last = new AtomicReference<>();
    ThreadTeam.parallel(
        (thread, team) -> {
          if (thread < chunks) {
            Tensor ofChunk = lastOfChunk(model, prompt.chunk(thread, team), ids);
            if (thread == chunks - 1) {
              last.set(ofChunk);
            } else {
              ofChunk.deallocate();
            }
          }
        });
    cache.advance(ids.length);
    return Ops.giveToScope(requireNonNull(last.get()));
  }

  private static Tensor readInOneChunk(LanguageModel model, long[] ids, KeyValueStore cache) {
    PipelinedPrefill prompt = new PipelinedPrefill(cache, ids.length, 1);
    Tensor last = lastOfChunk(model, prompt.chunk(0, new TeamBarrier(1)), ids);
    cache.advance(ids.length);
    return Ops.giveToScope(last);
  }

  private static Tensor lastOfChunk(
      LanguageModel model, PipelinedPrefill.Chunk chunk, long... ids) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      TokenBatch tokens = TokenBatch.of(chunk.of(ids));
      AttentionContext attention =
          AttentionContext.after(chunk.past(), chunk.end(), chunk::append, tokens);
      return Ops.keep(last(model, tokens, attention));
    }
  }

  private static Tensor last(LanguageModel model, TokenBatch tokens, AttentionContext attention) {
    LayerwiseForward forward = model.layerwise(tokens, attention);
    Tensor last = Ops.tensor(new long[] {tokens.length() - 1}).to(model.device(), ScalarType.Long);
    return forward.finalHiddenAt(last, forward.through(forward.layers() - 1));
  }
}

package dev.lora4j.llm.decode;

import dev.lora4j.llm.model.KeyValueCache;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.transformer.DecoderModules;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** Decodes one token at a time with a KV cache. For one thread. */
public interface Decoder extends AutoCloseable {

  /**
   * Returns a decoder that is faster than {@link
   * LanguageModel#hidden(dev.lora4j.llm.model.TokenBatch, KeyValueCache)}. It uses the adapters and
   * the thread team that are current on the calling thread, until the innermost open pointer scope
   * closes.
   *
   * @param cache of one row and at least one token
   * @return empty if the model in its present state can't be decoded this way
   */
  static Optional<Decoder> of(LanguageModel model, KeyValueCache cache) {
    return model instanceof DecoderModules.Owner owner
        ? TokenDecoder.of(owner.modules(), cache)
        : Optional.empty();
  }

  /**
   * Appends a token to the cache.
   *
   * @return logits of the next token, {@code [vocabulary]}, in memory that the next step overwrites
   */
  Tensor step(long token);

  @Override
  void close();
}

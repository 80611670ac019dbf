package dev.lora4j.llm.decode;

import dev.lora4j.llm.model.KeyValueCache;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.llama.LlamaModules;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** Decodes one token at a time, attending to those in a KV cache. For one thread. */
public interface Decoder extends AutoCloseable {

  /**
   * Returns a decoder for a cache of one row and at least one token, faster than the forward pass;
   * empty if the model can't be decoded this way now. It uses the adapters and the thread team of
   * the calling thread, until the innermost open pointer scope closes.
   */
  static Optional<Decoder> of(LanguageModel model, KeyValueCache cache) {
    return model instanceof LlamaModules.Owner owner
        ? LlamaDecoder.of(owner.modules(), cache)
        : Optional.empty();
  }

  /** Appends a token; returns {@code [vocabulary]} logits, which the next step overwrites. */
  Tensor step(long token);

  @Override
  void close();
}
